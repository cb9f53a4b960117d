"""Learning-rate factors by step, from transformers: python schedules.py writes schedules.json beside
itself."""

import torch, json, os

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import get_scheduler

out = []
p = torch.nn.Parameter(torch.zeros(1))


def run(ours, name, warm, total, kw=None, lr=0.5):
    o = torch.optim.SGD([p], lr=lr)
    s = get_scheduler(name, o, warm, total, kw or {})
    v = []
    for _ in range(total + 3):
        v.append(o.param_groups[0]["lr"] / lr)
        o.step()
        s.step()
    out.append(dict(schedule=ours, warmup=warm, total=total, learningRate=lr, factors=v))


for warm, total in ((0, 5), (2, 7)):
    for n in (
        "linear",
        "cosine",
        "cosine_with_restarts",
        "polynomial",
        "constant",
        "constant_with_warmup",
        "inverse_sqrt",
    ):
        run(dict(name=n), n, warm, total)
    run(dict(name="cosine", cycles=1.5), "cosine", warm, total, dict(num_cycles=1.5))
    run(dict(name="cosine_with_restarts", cycles=2), "cosine_with_restarts", warm, total, dict(num_cycles=2))
    run(
        dict(name="polynomial", power=2, endLearningRate=0.01),
        "polynomial",
        warm,
        total,
        dict(power=2, lr_end=0.01),
    )
    run(
        dict(name="cosine_with_min_lr", minRate=0.1), "cosine_with_min_lr", warm, total, dict(min_lr_rate=0.1)
    )
    run(
        dict(name="cosine_with_min_lr", minLearningRate=0.02),
        "cosine_with_min_lr",
        warm,
        total,
        dict(min_lr=0.02),
    )
    run(
        dict(name="cosine_warmup_with_min_lr", minRate=0.1),
        "cosine_warmup_with_min_lr",
        warm,
        total,
        dict(min_lr_rate=0.1),
    )
    run(
        dict(name="cosine_warmup_with_min_lr", minRate=0.1, warmupRate=0.3),
        "cosine_warmup_with_min_lr",
        warm,
        total,
        dict(min_lr_rate=0.1, warmup_lr_rate=0.3),
    )
    for w in ("linear", "cosine", "1-sqrt"):
        for d in ("linear", "cosine", "1-sqrt"):
            run(
                dict(name="warmup_stable_decay", decaySteps=3, warmupShape=w, decayShape=d, minRate=0.05),
                "warmup_stable_decay",
                warm,
                total,
                dict(num_decay_steps=3, warmup_type=w, decay_type=d, min_lr_ratio=0.05),
            )
    # transformers takes stable steps or the total, not both
plateau = []
for kw, ours in (
    (dict(), {}),
    (dict(patience=1), dict(patience=1)),
    (
        dict(patience=1, factor=0.5, cooldown=2, min_lr=0.05, threshold=0.05),
        dict(patience=1, factor=0.5, cooldown=2, minLearningRate=0.05, threshold=0.05),
    ),
    (dict(patience=0), dict(patience=0)),
):
    losses = [
        3,
        2.9,
        2.95,
        2.94,
        2.8,
        2.85,
        2.86,
        2.81,
        2.82,
        2.83,
        2.84,
        2.7,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
        2.9,
    ]
    o = torch.optim.SGD([p], lr=0.5)
    s = get_scheduler("reduce_lr_on_plateau", o, scheduler_specific_kwargs=kw)
    v = []
    for l in losses:
        o.step()
        s.step(l)
        v.append(o.param_groups[0]["lr"] / 0.5)
    plateau.append(
        dict(schedule=dict(name="reduce_lr_on_plateau", **ours), learningRate=0.5, losses=losses, factors=v)
    )
json.dump(
    dict(made="transformers 4.57.1 get_scheduler, over torch.optim.SGD", schedules=out, plateau=plateau),
    open(os.path.join(os.path.dirname(__file__), "schedules.json"), "w"),
    separators=(",", ":"),
)
