"""Makes tokenizers/folders.json: T5 folders whose files list special tokens in unusual ways, and what transformers
makes of texts with them.

pip install sentencepiece==0.2.3 transformers==4.57.1 protobuf
python tokenizer-folders.py
"""

import json, os, tempfile, warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import transformers
from transformers import T5Tokenizer, T5TokenizerFast

transformers.logging.set_verbosity_error()
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers")
TEXTS = [
    "",
    "The fever would pass.",
    "fever <a> and <b>pain</s>",
    "<gap> rest <new>fever<e/>",
    "头痛<extra_id_0> 三天 <extra_id_3>",
    "<b> mg/kg <extra_id_1><c>",
    "fever  mg/kg  ｍｇ/kg b",
]
PLAIN = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": False}
sentinels = [f"<extra_id_{i}>" for i in range(4)]


def folder(config, **others):
    """`end`: what the model calls its end; `tokenizer_json`: whether the folder has that of the golden model."""
    return {"config": config, "end": "</s>", "tokenizer_json": False, **others}


FOLDERS = {
    "lists in two files": folder(
        {"extra_ids": 4, "additional_special_tokens": ["<gap>", "<a>"]},
        special_tokens_map={"additional_special_tokens": ["<a>", "<b>"]},
    ),
    "objects in one list": folder(
        {"extra_ids": 2, "additional_special_tokens": ["<a>"]},
        special_tokens_map={"additional_special_tokens": [{**PLAIN, "content": "<b>", "rstrip": True}]},
    ),
    "no list in the second file": folder(
        {"extra_ids": 2, "additional_special_tokens": ["<a>"]},
        special_tokens_map={"additional_special_tokens": None},
    ),
    "sentinels over pieces": folder(
        {"extra_ids": 0, "additional_special_tokens": ["<b>"]},
        special_tokens_map={"additional_special_tokens": sentinels, "mask_token": "<c>"},
    ),
    "no end in the model": folder({"extra_ids": 4}, end="<e/>"),
    "no end in the model, tokens beside it": folder(
        {"extra_ids": 4, "pad_token": "<c>", "additional_special_tokens": ["<b>"]}, end="<e/>"
    ),
    "another end": folder({"extra_ids": 4, "eos_token": "<e/>"}, end="<e/>"),
    "ids that are taken twice": folder(
        {"extra_ids": 4, "additional_special_tokens": ["<a>", "<b>"]},
        added_tokens={"<new>": 403, "s": 404},
    ),
    "a token that becomes a normalized one": folder(
        {
            "extra_ids": 4,
            "added_tokens_decoder": {"5": {**PLAIN, "content": "mg/kg", "normalized": True, "rstrip": True}},
        }
    ),
    "a token of tokenizer.json that becomes a normalized one": folder(
        {
            "extra_ids": 4,
            "added_tokens_decoder": {"5": {**PLAIN, "content": "mg/kg", "normalized": True, "lstrip": True}},
        },
        tokenizer_json=True,
    ),
    "special tokens that are listed as plain": folder(
        {
            "extra_ids": 4,
            "additional_special_tokens": [*sentinels, "<gap>"],
            "added_tokens_decoder": {"4": {**PLAIN, "content": "<gap>"}, "5": {**PLAIN, "content": "mg/kg"}},
        },
        tokenizer_json=True,
    ),
}


def rows(tokenizer):
    found = []
    for text in TEXTS:
        ids = tokenizer(text).input_ids
        found.append(
            {
                "text": text,
                "ids": ids,
                "decoded": tokenizer.decode(ids),
                "plain": tokenizer.decode(ids, skip_special_tokens=True),
            }
        )
    return found


def judged(settings):
    path = tempfile.mkdtemp()
    model = open(os.path.join(OUT, "bytes.model"), "rb").read().replace(b"</s>", settings["end"].encode())
    with open(os.path.join(path, "spiece.model"), "wb") as f:
        f.write(model)
    files = {
        "tokenizer_config.json": settings["config"],
        "special_tokens_map.json": settings.get("special_tokens_map"),
        "added_tokens.json": settings.get("added_tokens"),
        "tokenizer.json": json.load(open(os.path.join(OUT, "bytes.tokenizer.json")))
        if settings["tokenizer_json"]
        else None,
    }
    for name, content in files.items():
        if content is not None:
            with open(os.path.join(path, name), "w") as f:
                json.dump(content, f)
    return {
        **settings,
        "sentencepiece": rows(T5Tokenizer.from_pretrained(path)),
        "transformers": rows(T5TokenizerFast.from_pretrained(path)),
    }


with open(os.path.join(OUT, "folders.json"), "w") as f:
    json.dump(
        {name: judged(settings) for name, settings in FOLDERS.items()},
        f,
        ensure_ascii=True,
        separators=(",", ":"),
    )
    f.write("\n")
