"""Runs of transformers' Seq2SeqTrainer on a tiny mT5, also over adapters of peft: python make.py, in this
folder (torch 2.15.0, transformers 4.57.1, peft 0.17.1, accelerate 1.15.0). Writes model/, an adapter folder a
kind, and runs.json.

Only the permutations that torch would draw are ours (Python's random), and nothing is dropped, so that a run
can be followed step by step. Rows are random tokens."""

import json
import os
import random
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    MT5Config,
    MT5ForConditionalGeneration,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    TrainerCallback,
)

SEED, ROWS = 42, 26
drawn = random.Random(7)
tokens = lambda most: [drawn.randint(3, 28) for _ in range(drawn.randint(1, most))] + [1]
rows = [{"input_ids": tokens(12), "labels": tokens(7)} for _ in range(ROWS)]

order = list(range(ROWS))
random.Random(SEED).shuffle(order)
held, kept = order[:5], order[5:]  # a share of 0.2


def new_model():
    torch.manual_seed(3)
    config = MT5Config(
        vocab_size=29,
        d_model=8,
        d_kv=4,
        d_ff=12,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=2,
        relative_attention_num_buckets=8,
        relative_attention_max_distance=16,
        dropout_rate=0.0,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
        tie_word_embeddings=False,
    )
    return MT5ForConditionalGeneration(config)


def collate(batch):
    pad = lambda name, filler: torch.tensor(
        [row[name] + [filler] * (max(len(each[name]) for each in batch) - len(row[name])) for row in batch]
    )
    labels, ids = pad("labels", -100), pad("input_ids", 0)
    return {
        "input_ids": ids,
        "attention_mask": (ids != 0).long(),
        "labels": labels,
        "decoder_input_ids": shifted(labels),
    }


def shifted(labels):
    start = torch.zeros_like(labels[:, :1])
    return torch.cat([start, labels[:, :-1].masked_fill(labels[:, :-1] == -100, 0)], dim=1)


epoch_now = 0


def permutation(count, generator=None, **_):
    rows_now = list(range(count))
    random.Random(SEED + ((epoch_now + 1) << 32)).shuffle(rows_now)
    return torch.tensor(rows_now)


torch.randperm = permutation


class Epochs(TrainerCallback):
    def on_epoch_begin(self, args, state, control, **_):
        global epoch_now
        epoch_now = round(state.epoch)


class Recording(Seq2SeqTrainer):
    def __init__(self, *given, **named):
        super().__init__(*given, **named)
        self.micro, self.steps, self.evaluations = [], [], []

    def training_step(self, *given, **named):
        loss = super().training_step(*given, **named)
        self.micro.append(float(loss))
        return loss

    def log(self, logs, *rest):
        if "grad_norm" in logs:
            self.steps.append(
                {
                    "loss": sum(self.micro),
                    "gradientNorm": float(logs["grad_norm"]),
                    "learningRate": logs["learning_rate"],
                }
            )
            self.micro = []
        if "eval_loss" in logs:
            self.evaluations.append(logs["eval_loss"])


def run(model, **settings):
    arguments = dict(
        output_dir="/tmp/trainer-golden",
        use_cpu=True,
        per_device_train_batch_size=4,
        per_device_eval_batch_size=4,
        num_train_epochs=4,
        learning_rate=3e-3,
        weight_decay=0.01,
        warmup_ratio=0.1,
        lr_scheduler_type="linear",
        max_grad_norm=1.0,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        eval_strategy="epoch",
        remove_unused_columns=False,
        label_names=["labels"],
    )
    trainer = Recording(
        model=model,
        args=Seq2SeqTrainingArguments(**{**arguments, **settings}),
        data_collator=collate,
        train_dataset=[rows[row] for row in kept],
        eval_dataset=[rows[row] for row in held],
        callbacks=[Epochs()],
    )
    trainer.train()
    return {"steps": trainer.steps, "evaluations": trainer.evaluations}


ADAPTERS = {
    "adapter": dict(r=2, lora_alpha=6, target_modules=["q", "v"]),
    "adapter-of-every-kind": dict(
        r=3,
        lora_alpha=4,
        target_modules=["q", "k", "o", "wi_0", "wo"],
        rank_pattern={"decoder.*EncDecAttention.o": 2},
        alpha_pattern={"k": 7},
        use_rslora=True,
        bias="all",
        modules_to_save=["lm_head", "final_layer_norm"],
    ),
}


def write_adapter(name, settings):
    model = get_peft_model(new_model(), LoraConfig(task_type="SEQ_2_SEQ_LM", **settings))
    torch.manual_seed(11)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(
                    0.1 * torch.randn_like(parameter)
                )  # more would saturate attention, which magnifies rounding
    model.peft_config["default"].base_model_name_or_path = "a-model"
    model.save_pretrained(name)
    os.remove(os.path.join(name, "README.md"))
    path = os.path.join(name, "adapter_config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    with open(
        path, "w", encoding="utf-8"
    ) as file:  # peft holds the targets as a set, whose order is another in every process
        json.dump(
            {**config, "target_modules": sorted(config["target_modules"])}, file, indent=2, sort_keys=True
        )


def continued(name):
    """The adapter's settings and weights as stored, and training goes on."""
    return PeftModel.from_pretrained(new_model(), name, is_trainable=True)


shutil.rmtree("model", ignore_errors=True)
new_model().save_pretrained("model")
for name, settings in ADAPTERS.items():
    shutil.rmtree(name, ignore_errors=True)
    write_adapter(name, settings)

runs = {
    "plain": run(new_model()),
    "label smoothing": run(new_model(), label_smoothing_factor=0.1),
    "label smoothing, gradient checkpointing, accumulation": run(
        new_model(), label_smoothing_factor=0.2, gradient_checkpointing=True, gradient_accumulation_steps=2
    ),
    "gradient checkpointing": run(new_model(), gradient_checkpointing=True),
    "grouped by length, accumulation": run(
        new_model(), group_by_length=True, gradient_accumulation_steps=2, eval_strategy="no"
    ),
    "grouped by length": run(
        new_model(),
        group_by_length=True,
        per_device_train_batch_size=1,
        eval_strategy="no",
        num_train_epochs=2,
    ),
    **{f"going on with {name}": run(continued(name)) for name in ADAPTERS},
    "going on with adapter, label smoothing, gradient checkpointing": run(
        continued("adapter"),
        label_smoothing_factor=0.1,
        gradient_checkpointing=True,
        gradient_checkpointing_kwargs={"use_reentrant": False},
    ),
}
with open("runs.json", "w", encoding="ascii") as file:
    json.dump(
        {"rows": [{"source": row["input_ids"], "target": row["labels"]} for row in rows], "runs": runs},
        file,
        separators=(",", ":"),
    )
    file.write("\n")
