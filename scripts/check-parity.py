"""Opens what a run of pipeline.yaml wrote with transformers and peft, and counts what is equal.

    pip install torch transformers==4.57.1 peft==0.17.1 sentencepiece
    npx pipeline run
    python scripts/check-parity.py

Run from the project's root. For each folder ARTIFACTS/train/*/model: it must load without a warning; token
ids and logits of test pairs are compared with this project's (scripts/engine-numbers.mjs); the answers by
beam search with those of the eval stage, ARTIFACTS/eval/*/predictions.jsonl. Last, the base model is trained
a few steps on both sides. Options are those of pipeline.yaml; give yours where you changed it. Exits with 1
where something is not equal.
"""

import argparse
import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings

import peft
import sentencepiece
import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoTokenizer, MT5ForConditionalGeneration, get_linear_schedule_with_warmup

TRAINING = dict(steps=40, batch=8, learningRate=2e-3, warmup=4, weightDecay=0.01, clip=1.0)


def main():
    options = parse_options()
    print(
        ", ".join(
            f"{module.__name__} {module.__version__}" for module in (torch, transformers, peft, sentencepiece)
        )
    )
    folders = sorted(path.parent for path in options.artifacts.glob("train/*/model") if path.is_dir())
    if not folders:
        sys.exit(f"no folder {options.artifacts}/train/*/model: npx pipeline run makes them")
    folders = [folder for folder in folders if options.only in folder.name]
    equal = [check_folder(folder, options) for folder in folders]
    if not options.no_training:
        equal.append(check_training(options))
    sys.exit(0 if all(equal) else 1)


def parse_options():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--artifacts", type=pathlib.Path, default=pathlib.Path("artifacts/medical-qa"))
    parser.add_argument(
        "--base", default="data/models/nano-mt5", help="the folder of the base model, whose tokenizer is used"
    )
    parser.add_argument("--only", default="", help="instances whose name holds this")
    parser.add_argument("--prompt", default="medical question: {human}")
    parser.add_argument(
        "--tokenization",
        choices=["sentencepiece", "transformers"],
        default="sentencepiece",
        help="T5Tokenizer or T5TokenizerFast",
    )
    parser.add_argument("--source-tokens", type=int, default=512)
    parser.add_argument("--max-length", type=int, default=48)
    parser.add_argument("--beams", type=int, default=4, help="1: greedy")
    parser.add_argument("--no-repeat-ngram", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--pairs", type=int, default=32, help="pairs whose token ids and logits are compared")
    parser.add_argument(
        "--limit", type=int, default=None, help="answers to compare of each model; default: all"
    )
    parser.add_argument("--no-training", action="store_true")
    return parser.parse_args()


def check_folder(folder, options):
    """One line for a model: what is equal."""
    noted, (tokenizer, model) = noting(lambda: open_folder(folder / "model", options))
    rows = read_rows(options.artifacts / "eval" / folder.name / "predictions.jsonl")
    asked = [options.prompt.replace("{human}", row["question"]) for row in rows]
    pairs = [[question, row["reference"]] for question, row in zip(asked, rows)][: options.pairs]
    ids, logits = theirs(pairs, tokenizer, model)
    numbers = engine_numbers(options, folder / "model", pairs, training=None)
    same_ids = sum(mine == their for mine, their in zip(numbers["ids"], ids))
    worst = float((numbers["logits"] - logits).abs().max()) / float(logits.abs().max())
    expected = [row["prediction"] for row in rows][: options.limit]
    answers = generate(asked[: options.limit], tokenizer, model, options)
    same_answers = sum(answer == prediction for answer, prediction in zip(answers, expected))
    kind = "adapter" if isinstance(model, peft.PeftModel) else "model"
    print(
        f"{folder.name:<14} {kind:<8} {len(noted)} warnings   token ids {same_ids} of {len(ids)}   "
        f"logits {worst:.1e} of the largest   answers {same_answers} of {len(expected)}",
        flush=True,
    )
    for text in noted:
        print(f"  {text}")
    for answer, prediction in [pair for pair in zip(answers, expected) if pair[0] != pair[1]][:3]:
        print(f"  transformers: {answer}\n  here:         {prediction}")
    return not noted and same_ids == len(ids) and worst < 1e-4 and same_answers == len(expected)


def check_training(options):
    """The base model trained on the same batches, by torch.optim.AdamW with the Trainer's groups, and
    here."""
    rows = read_rows(next(iter(sorted(options.artifacts.glob("data-format/*/train.jsonl")))))
    pairs = [
        [options.prompt.replace("{human}", row["human"]), row["assistant"]]
        for row in rows[: TRAINING["steps"] * TRAINING["batch"]]
    ]
    mine = engine_numbers(options, options.base, pairs, TRAINING)["losses"]
    tokenizer, model = open_folder(pathlib.Path(options.base), options)  # in evaluation mode: no dropout
    names = transformers.Trainer.get_decay_parameter_names(None, model)
    groups = [
        dict(
            params=[p for n, p in model.named_parameters() if (n in names) == decayed],
            weight_decay=TRAINING["weightDecay"] if decayed else 0.0,
        )
        for decayed in (True, False)
    ]
    optimizer = torch.optim.AdamW(groups, lr=TRAINING["learningRate"])
    schedule = get_linear_schedule_with_warmup(optimizer, TRAINING["warmup"], TRAINING["steps"])
    losses = []
    for step in range(TRAINING["steps"]):
        loss = model(
            **batch_of(
                [
                    pairs[(step * TRAINING["batch"] + index) % len(pairs)]
                    for index in range(TRAINING["batch"])
                ],
                tokenizer,
            )
        ).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), TRAINING["clip"])
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        losses.append(float(loss.detach()))
    differences = [abs(a / b - 1) for a, b in zip(mine, losses)]
    print(
        f"training       {len(losses)} steps, loss {losses[0]:.4f} to {losses[-1]:.4f}   "
        f"losses differ by {max(differences[:10]):.1e} in the first 10 steps, {max(differences):.1e} in all"
    )
    return max(differences[:10]) < 1e-4 and max(differences) < 1e-2


def open_folder(folder, options):
    """Tokenizer and model; an adapter has those of the base model."""
    is_adapter = (folder / "adapter_config.json").exists()
    whole = options.base if is_adapter else folder
    tokenizer = AutoTokenizer.from_pretrained(whole, use_fast=options.tokenization == "transformers")
    model, report = MT5ForConditionalGeneration.from_pretrained(whole, output_loading_info=True)
    for kind, names in report.items():
        for name in names:
            warnings.warn(f"{kind}: {name}")
    return tokenizer, (peft.PeftModel.from_pretrained(model, folder) if is_adapter else model).eval()


def noting(act):
    """Runs `act`; gives what Python and the libraries' loggers warned of, and its result."""
    noted = []

    class Note(logging.Handler):
        def emit(self, record):
            noted.append(record.getMessage())

    note = Note(logging.WARNING)
    logging.getLogger().addHandler(note)
    transformers.logging.get_logger("transformers").addHandler(note)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = act()
    transformers.logging.get_logger("transformers").removeHandler(note)
    logging.getLogger().removeHandler(note)
    return noted + [str(warning.message) for warning in caught], result


def batch_of(pairs, tokenizer):
    inputs = tokenizer([source for source, _ in pairs], padding=True, return_tensors="pt")
    labels = tokenizer([target for _, target in pairs], padding=True, return_tensors="pt")
    return dict(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        labels=labels.input_ids.masked_fill(labels.attention_mask == 0, -100),
    )


def theirs(pairs, tokenizer, model):
    """Token ids of each pair, and the logits at all targets' tokens, one after another."""
    batch = batch_of(pairs, tokenizer)
    with torch.no_grad():
        logits = model(**batch).logits
    return [[tokenizer(text).input_ids for text in pair] for pair in pairs], logits[batch["labels"] != -100]


def generate(texts, tokenizer, model, options):
    answers = []
    for first in range(0, len(texts), options.batch):
        inputs = tokenizer(
            texts[first : first + options.batch],
            padding=True,
            truncation=True,
            max_length=options.source_tokens,
            return_tensors="pt",
        )
        searched = dict(num_beams=options.beams, early_stopping=True) if options.beams > 1 else {}
        with torch.no_grad():
            sequences = model.generate(
                **inputs,
                do_sample=False,
                max_length=options.max_length,
                no_repeat_ngram_size=options.no_repeat_ngram,
                **searched,
            )
        answers += tokenizer.batch_decode(sequences, skip_special_tokens=True)
    return answers


def engine_numbers(options, model, pairs, training):
    with tempfile.TemporaryDirectory() as folder:
        request = pathlib.Path(folder, "request.json")
        request.write_text(
            json.dumps(dict(tokenization=options.tokenization, pairs=pairs, training=training)),
            encoding="utf-8",
        )
        done = subprocess.run(
            [
                "node",
                pathlib.Path(__file__).with_name("engine-numbers.mjs"),
                options.base,
                model,
                request,
                folder,
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0:
            sys.exit(f"this project does not open {model}:\n{done.stderr}")
        numbers = json.loads(pathlib.Path(folder, "numbers.json").read_text(encoding="utf-8"))
        return {**numbers, "logits": load_file(pathlib.Path(folder, "logits.safetensors"))["logits"]}


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    main()
