"""Makes model-folders.json: what transformers computes with model folders of every form of the T5 family, in
its conventions.

    pip install torch==2.15.0 transformers==4.57.1 && python model-folders.py
    pip install torch==2.15.0 transformers==5.24.0 && python model-folders.py      # in another environment;
    adds its section

Weights are not stored: a tensor is filled by its name (filled below, and in tests/model/folder-tables.ts).
"""

import json, os, tempfile, warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import numpy, torch, transformers
from safetensors.numpy import save_file
from transformers import (
    AutoModelForSeq2SeqLM,
    GenerationConfig,
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    UMT5Config,
    UMT5ForConditionalGeneration,
)

transformers.logging.set_verbosity_error()
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model-folders.json")
DIMS = dict(
    vocab_size=40,
    d_model=8,
    d_kv=3,
    d_ff=12,
    num_layers=2,
    num_decoder_layers=2,
    num_heads=3,
    relative_attention_num_buckets=8,
    relative_attention_max_distance=16,
    dropout_rate=0.0,
    decoder_start_token_id=0,
)
SOURCES = [[5, 9, 30, 9, 5, 1], [7, 1], [12, 13, 14, 12, 13, 14, 21, 1]]
LABELS = [[8, 9, 1], [30, 31, 32, 33, 1], [4, 1]]
CLASSES = {
    "mt5": (MT5Config, MT5ForConditionalGeneration),
    "t5": (T5Config, T5ForConditionalGeneration),
    "umt5": (UMT5Config, UMT5ForConditionalGeneration),
}
VERSION5 = transformers.__version__.startswith("5")


def filled(name, shape):
    seed = 0
    for letter in name.encode():
        seed = (seed * 31 + letter) % 2**32
    with numpy.errstate(over="ignore"):
        h = numpy.arange(int(numpy.prod(shape)), dtype=numpy.uint32) * numpy.uint32(
            2654435761
        ) + numpy.uint32(seed)
        h ^= h >> numpy.uint32(15)
        h *= numpy.uint32(0x2C1B3C6D)
        h ^= h >> numpy.uint32(12)
        h *= numpy.uint32(0x297A2D39)
        h ^= h >> numpy.uint32(15)
    part = h.astype(numpy.float64) / 2**32
    return (part + 0.5 if len(shape) == 1 else (part - 0.5) * 1.6).astype(numpy.float32).reshape(shape)


def judged(kind, fields, head, generations=()):
    """`head`: whether the weights have a head of their own."""
    config_class, model_class = CLASSES[kind]
    folder = tempfile.mkdtemp()
    if isinstance(fields, str):
        config = json.loads(fields)
    else:
        config_class(**DIMS, **fields).save_pretrained(folder)
        config = json.load(open(os.path.join(folder, "config.json")))
        config["architectures"] = [model_class.__name__]
    json.dump(config, open(os.path.join(folder, "config.json"), "w"))
    names = [
        (name, tuple(p.shape))
        for name, p in model_class(config_class.from_pretrained(folder)).named_parameters()
        if name != "lm_head.weight"
    ]
    names += [("lm_head.weight", (40, 8))] if head else []
    tensors = {name: filled(name, shape) for name, shape in names}
    save_file(tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    with torch.no_grad():
        losses = [
            float(model(input_ids=torch.tensor([x]), labels=torch.tensor([y])).loss)
            for x, y in zip(SOURCES, LABELS)
        ]
        row = {"config": config, "head": head, "losses": losses}
        for given in generations or [dict(num_beams=3, max_length=12)]:
            usual = dict(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
            generation = GenerationConfig(
                **{**usual, "early_stopping": given.get("num_beams", 1) > 1, **given}
            )
            sequences = [
                model.generate(
                    input_ids=torch.tensor([x]),
                    attention_mask=torch.ones(1, len(x), dtype=torch.long),
                    generation_config=generation,
                )[0].tolist()
                for x in SOURCES
            ]
            row.setdefault("generations", []).append({"given": given, "sequences": sequences})
    return row


# Two forced ends are equally likely: which of them a beam takes is an accident of torch.topk. The penalty for
# tokens of the source reaches some beams only.
FIELDS = [
    dict(),
    dict(forced_bos_token_id=7),
    dict(forced_eos_token_id=1),
    dict(forced_eos_token_id=[1, 9]),
    dict(suppress_tokens=[5, 9, 13, 14, 28]),
    dict(begin_suppress_tokens=[2, 3, 4, 5, 6, 7, 9, 20, 21, 22, 23]),
    dict(forced_bos_token_id=7, begin_suppress_tokens=[1, 5, 9, 12]),
    dict(encoder_no_repeat_ngram_size=2),
    dict(encoder_no_repeat_ngram_size=1),
    dict(max_new_tokens=5),
    dict(exponential_decay_length_penalty=[2, 1.5]),
    dict(exponential_decay_length_penalty=[1, 0.7]),
    dict(sequence_bias=[[[5], -10.0], [[7], 3.0], [[7, 8], 6.5], [[7, 8, 9], 12.0]]),
    dict(encoder_repetition_penalty=1.7),
    dict(encoder_repetition_penalty=0.5),
    dict(remove_invalid_values=True, suppress_tokens=[3]),
    dict(min_length=7),
    dict(renormalize_logits=True, suppress_tokens=[3, 4, 5, 6, 7, 8]),
    dict(repetition_penalty=1.6, no_repeat_ngram_size=2, bad_words_ids=[[7], [8, 9]]),
    dict(eos_token_id=[1, 9, 28], exponential_decay_length_penalty=[3, 1.2]),
]
KINDS = [
    "relu",
    "gated-relu",
    "gelu",
    "gated-gelu",
    "silu",
    "gated-silu",
    "gelu_new",
    "gated-gelu_new",
    "gated-swish",
    "quick_gelu",
    "gelu_fast",
    "gated-gelu_pytorch_tanh",
]
rows = {
    "mt5": judged(
        "mt5",
        {},
        not VERSION5,
        [
            dict(**f, num_beams=n, max_length=10)
            for f in FIELDS
            for n in (1, 3)
            if n == 1 or not (f.get("forced_eos_token_id") == [1, 9] or "encoder_repetition_penalty" in f)
        ],
    ),
    "t5": judged("t5", {}, False),
    "umt5": judged("umt5", {}, False),
}
rows.update(
    {
        "mt5 with a head": judged("mt5", {}, True),
        "t5 with a head": judged("t5", {"tie_word_embeddings": False}, True),
        "umt5 with a head": judged("umt5", {"tie_word_embeddings": False}, True),
    }
)
rows.update(
    {
        f"t5 {kind}": judged("t5", {"feed_forward_proj": kind, "tie_word_embeddings": False}, not VERSION5)
        for kind in KINDS
    }
)
saved = rows["t5"]["config"]
rows["common names"] = judged(
    "t5",
    json.dumps(
        {
            **saved,
            "hidden_size": 8,
            "d_model": 16,
            "num_attention_heads": 3,
            "num_heads": 5,
            "num_hidden_layers": 2,
        }
    ),
    False,
)
rows["activation apart"] = judged(
    "t5",
    json.dumps({**saved, "feed_forward_proj": "relu", "dense_act_fn": "silu", "is_gated_act": False}),
    False,
)
if VERSION5:
    rows["t5 tied and not scaled"] = judged("t5", {"tie_word_embeddings": False}, False)
    rows["t5 scaled with a head"] = judged("t5", {}, True)
    rows["umt5 not scaled"] = judged(
        "umt5", json.dumps({**rows["umt5"]["config"], "scale_decoder_outputs": False}), False
    )
else:
    rows["mt5 tied"] = judged("mt5", {"tie_word_embeddings": True}, False)
    rows["umt5 not tied"] = rows.pop("umt5 with a head")
table = json.load(open(OUT)) if os.path.exists(OUT) else {"sources": SOURCES, "labels": LABELS, "folders": {}}
table["folders"][transformers.__version__] = rows
with open(OUT, "w") as f:
    f.write(json.dumps(table, indent=None, separators=(",", ":"), sort_keys=True) + "\n")
print(transformers.__version__, len(rows), "folders")
