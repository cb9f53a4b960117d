"""What peft selects in a small mT5 for adapters of many kinds: python lora-targets.py writes
lora-targets.json beside itself."""

import torch, json, os, io, contextlib

os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import MT5Config, MT5ForConditionalGeneration
from peft import LoraConfig, get_peft_model

cfg = dict(
    vocab_size=23,
    d_model=12,
    d_kv=5,
    d_ff=14,
    num_layers=2,
    num_decoder_layers=3,
    num_heads=4,
    relative_attention_num_buckets=8,
    relative_attention_max_distance=16,
)
cases = [
    dict(target_modules=["q", "v"], r=3),
    dict(target_modules="all-linear", r=2),
    dict(target_modules=r".*decoder\.block\.[02].*EncDecAttention\.(k|o)", r=2, lora_alpha=4),
    dict(
        target_modules=["SelfAttention.q", "decoder.block.1.layer.2.DenseReluDense.wo"],
        r=4,
        layers_to_transform=[0],
    ),
    dict(target_modules=["q", "wi_0"], r=4, layers_to_transform=1, layers_pattern="block"),
    dict(
        target_modules=["q", "k", "v", "o"],
        exclude_modules=["SelfAttention.k"],
        r=4,
        use_rslora=True,
        lora_alpha=3,
    ),
    dict(target_modules=["q", "wo"], exclude_modules=r"encoder.*", r=2),
    dict(target_modules=["q", "v", "lm_head"], r=2, modules_to_save=["lm_head", "final_layer_norm"]),
    dict(
        target_modules=["q", "v"],
        r=8,
        rank_pattern={"SelfAttention.q": 2, r"decoder.*v": 5},
        alpha_pattern={"EncDecAttention.v": 32},
        lora_alpha=16,
    ),
    dict(target_modules=["v"], r=2, bias="all"),
    dict(target_modules=["v"], r=2, bias="lora_only"),
    dict(target_modules=["lm_head"], r=2),
]
out = []
for c in cases:
    m = get_peft_model(
        MT5ForConditionalGeneration(
            MT5Config(**cfg, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
        ),
        LoraConfig(task_type="SEQ_2_SEQ_LM", **c),
    )
    scal = {}
    for n, x in m.named_modules():
        if hasattr(x, "scaling") and "default" in getattr(x, "scaling", {}):
            scal[n.replace("base_model.model.", "")] = [x.r["default"], x.scaling["default"]]
    b = io.StringIO()
    with contextlib.redirect_stdout(b):
        m.print_trainable_parameters()
    out.append(
        dict(
            config=c,
            layers=scal,
            trainable=sorted(n for n, p in m.named_parameters() if p.requires_grad),
            printed=b.getvalue().strip(),
        )
    )
json.dump(
    dict(
        made="peft 0.17.1 get_peft_model on MT5ForConditionalGeneration of transformers 4.57.1",
        model=cfg,
        cases=out,
    ),
    open(os.path.join(os.path.dirname(__file__), "lora-targets.json"), "w"),
    separators=(",", ":"),
)
