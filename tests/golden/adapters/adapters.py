"""Small adapters of every kind that peft makes over a T5, and what peft computes with them:
`python adapters.py` writes adapters-VERSION.json (configurations) and adapters-VERSION.safetensors (base models,
adapters, logits) beside itself, where VERSION is that of the installed peft. Made with transformers 4.57.1
and peft 0.17.1, and with peft 0.21.2."""

import json, os, tempfile, warnings

warnings.filterwarnings("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
import peft, torch, transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSeq2SeqLM,
    MT5Config,
    MT5ForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
)

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
size = dict(
    vocab_size=24,
    d_model=8,
    d_kv=3,
    d_ff=10,
    num_layers=1,
    num_decoder_layers=2,
    num_heads=2,
    relative_attention_num_buckets=8,
    relative_attention_max_distance=16,
    dropout_rate=0.0,
    decoder_start_token_id=0,
)
models = {
    "own-head": MT5ForConditionalGeneration(
        MT5Config(**size, feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    ),
    "tied-head": T5ForConditionalGeneration(
        T5Config(**size, feed_forward_proj="relu", tie_word_embeddings=True)
    ),
}
source = torch.tensor([[5, 6, 7, 8, 1], [9, 10, 1, 0, 0]])
target = torch.tensor([[11, 12, 13, 1], [14, 1, 2, 3]])


def scramble(model, seed, scale, only_trained):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if only_trained and not parameter.requires_grad:
                continue
            noise = torch.randn(parameter.shape, generator=generator) * scale
            parameter.add_(noise) if only_trained else parameter.copy_(
                noise if parameter.dim() > 1 else 1 + noise
            )


def logits(model):
    model.eval()
    with torch.no_grad():
        return model(
            input_ids=source, attention_mask=(source > 0).long(), decoder_input_ids=target
        ).logits.reshape(-1, size["vocab_size"])


both = {
    "plain": {},
    "pissa": dict(init_lora_weights="pissa"),
    "pissa, rank-stabilised, every layer": dict(
        init_lora_weights="pissa", use_rslora=True, lora_alpha=5, target_modules="all-linear"
    ),
    "pissa, more ranks than the weight": dict(init_lora_weights="pissa", r=9),
    "pissa and dora": dict(init_lora_weights="pissa", use_dora=True),
    "pissa over the head": dict(init_lora_weights="pissa", target_modules=["q", "lm_head"]),
    "olora": dict(init_lora_weights="olora"),
    "olora by another spelling, every rank": dict(init_lora_weights="OLoRA", r=9, target_modules=["q", "wo"]),
    "dora": dict(use_dora=True),
    "dora, rank-stabilised": dict(use_dora=True, use_rslora=True, rank_pattern={"SelfAttention.q": 2}),
    "dora over the head and the positions": dict(
        use_dora=True, target_modules=["q", "lm_head", "relative_attention_bias"]
    ),
    "dora over shared": dict(use_dora=True, target_modules=["q", "shared"]),
    "lora_bias": dict(lora_bias=True, target_modules=["q", "wo", "lm_head"]),
    "bias all": dict(bias="all"),
    "head": dict(target_modules=["q", "lm_head"]),
    "shared": dict(target_modules=["q", "shared"]),
    "positions": dict(target_modules=["q", "relative_attention_bias"]),
    "stored embeddings": dict(_save=True),
    "stored embeddings, targeted": dict(_save=True, target_modules=["q", "shared"]),
    "saved shared": dict(modules_to_save=["shared"]),
    "saved head": dict(modules_to_save=["lm_head"]),
    "saved embeddings of the stacks": dict(modules_to_save=["embed_tokens"]),
    "saved block of layers, saved nothing": dict(
        modules_to_save=["encoder.block.0.layer.1.DenseReluDense", "classifier"]
    ),
    "tokens": dict(trainable_token_indices=[5, 6, 20]),
    "tokens of the stacks": dict(trainable_token_indices={"embed_tokens": [5, 11]}),
    "tokens of the encoder": dict(trainable_token_indices={"encoder.embed_tokens": [5, 11]}),
    "layers by number": dict(layers_to_transform=0),
    "layers by a list": dict(layers_to_transform=[1]),
    "layers by a pattern": dict(layers_to_transform=[1, 2], layers_pattern=["bl.c?k"]),
    "a pattern that ignores case": dict(target_modules="(?i).*selfattention\\.Q"),
    "fan_in_fan_out, qalora": dict(fan_in_fan_out=True, use_qalora=True),
}
since_21 = {
    "tokens of the head": dict(trainable_token_indices={"lm_head": [5, 11]}),
    "tokens of shared and the head": dict(trainable_token_indices={"shared": [5, 11], "lm_head": [3]}),
    "ensure_weight_tying, saved": dict(modules_to_save=["shared"], ensure_weight_tying=True),
    "ensure_weight_tying, head": dict(target_modules=["q", "lm_head"], ensure_weight_tying=True),
    "ensure_weight_tying, saved head": dict(modules_to_save=["lm_head"], ensure_weight_tying=True),
    "ensure_weight_tying, tokens": dict(trainable_token_indices=[5, 6], ensure_weight_tying=True),
    "velora": dict(velora_config=dict(num_groups=2, scale=1.0)),
    "lora_ga": dict(init_lora_weights="lora_ga"),
    "mica": dict(init_lora_weights="mica"),
}
cases = (
    both
    if peft.__version__.startswith("0.17")
    else {
        **{
            name: both[name]
            for name in ("bias all", "layers by number", "layers by a list", "layers by a pattern")
        },
        **since_21,
    }
)

tensors, described = {}, {}
with tempfile.TemporaryDirectory() as folder:
    for base, model in models.items():
        scramble(model, 3, 0.25, only_trained=False)
        model.tie_weights()
        place = os.path.join(folder, base)
        model.save_pretrained(place)
        for name, tensor in load_file(os.path.join(place, "model.safetensors")).items():
            tensors[f"{base}|base|{name}"] = tensor
        described[base] = dict(config=json.load(open(os.path.join(place, "config.json"))), adapters={})
        for name, settings in cases.items():
            settings = dict(settings)
            stored = settings.pop("_save", "auto")
            torch.manual_seed(0)
            trained = get_peft_model(
                AutoModelForSeq2SeqLM.from_pretrained(place),
                LoraConfig(
                    **{
                        **dict(task_type="SEQ_2_SEQ_LM", r=3, lora_alpha=6, target_modules=["q", "v"]),
                        **settings,
                    }
                ),
            )
            scramble(trained, 2, 0.2, only_trained=True)
            at = os.path.join(folder, "adapter")
            trained.save_pretrained(at, save_embedding_layers=stored)
            loaded = PeftModel.from_pretrained(AutoModelForSeq2SeqLM.from_pretrained(place), at)
            for tensor_name, tensor in load_file(os.path.join(at, "adapter_model.safetensors")).items():
                tensors[f"{base}|{name}|{tensor_name}"] = tensor
            tensors[f"{base}|{name}|logits"] = logits(loaded)
            config = json.load(open(os.path.join(at, "adapter_config.json")))
            config["base_model_name_or_path"] = base
            try:
                tensors[f"{base}|{name}|merged"] = logits(loaded.merge_and_unload())
            except (AttributeError, RuntimeError):
                pass  # lora_bias: a T5 has no bias to merge it into
            described[base]["adapters"][name] = config
made = f"transformers {transformers.__version__}, peft {peft.__version__}, torch {torch.__version__}"
version = peft.__version__
json.dump(
    dict(made=made, models=described),
    open(os.path.join(here, f"adapters-{version}.json"), "w"),
    separators=(",", ":"),
    sort_keys=True,
)
save_file(
    {name: tensor.contiguous() for name, tensor in tensors.items()},
    os.path.join(here, f"adapters-{version}.safetensors"),
)
