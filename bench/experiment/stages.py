"""The default experiment with what people use in Python: `python stages.py STAGE EXPERIMENT OPTIONS...`.

The stages of the dvc.yaml that experiment-sides.mjs writes: transformers' Seq2SeqTrainer (fused AdamW,
batches padded to their longest row), peft, rouge_score and bert_score. EXPERIMENT: a JSON file with all
settings.
"""

import csv
import json
import os
import random
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)


def write_lines(path, values):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def data_format(experiment, dataset, out):
    os.makedirs(out)
    for part in ("train", "test"):
        rows = read_lines(experiment["data"][dataset][part])
        kept = [{key: row[key] for key in ("human", "assistant")} for row in rows]
        write_lines(f"{out}/{part}.jsonl", [row for row in kept if all(map(str.strip, row.values()))])


def tokenizer_of(experiment):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(experiment["model"])


def prompts(experiment, questions):
    return [experiment["prompt"].format(human=question) for question in questions]


def base_model(experiment):
    import torch
    from transformers import MT5ForConditionalGeneration

    torch.set_num_threads(experiment["threads"])
    return MT5ForConditionalGeneration.from_pretrained(experiment["model"])


def train(experiment, run, data, out):
    from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments

    tokenizer, model, settings = tokenizer_of(experiment), base_model(experiment), experiment["runs"][run]
    if settings["method"] == "lora":
        from peft import LoraConfig, get_peft_model

        lora = LoraConfig(
            task_type="SEQ_2_SEQ_LM",
            target_modules=["q", "v"],
            r=settings["r"],
            lora_alpha=settings["alpha"],
            lora_dropout=settings["dropout"],
        )
        model = get_peft_model(model, lora)
    rows = read_lines(f"{data}/train.jsonl")
    random.Random(experiment["seed"]).shuffle(rows)
    held_out = int(len(rows) * experiment["validation"])

    def encoded(some):
        cut = {"truncation": True, "max_length": 512}
        sources = tokenizer(prompts(experiment, [row["human"] for row in some]), **cut)
        targets = tokenizer(text_target=[row["assistant"] for row in some], **cut)
        return [
            {"input_ids": ids, "attention_mask": mask, "labels": labels}
            for ids, mask, labels in zip(*sources.values(), targets["input_ids"])
        ]

    trainer = Seq2SeqTrainer(
        model=model,
        train_dataset=encoded(rows[held_out:]),
        eval_dataset=encoded(rows[:held_out]),
        data_collator=DataCollatorForSeq2Seq(tokenizer, model=model),
        args=Seq2SeqTrainingArguments(
            output_dir=f"{out}/work",
            per_device_train_batch_size=settings["batch"],
            per_device_eval_batch_size=settings["batch"],
            num_train_epochs=settings["epochs"],
            learning_rate=settings["learningRate"],
            weight_decay=settings["weightDecay"],
            lr_scheduler_type=settings["schedule"],
            warmup_ratio=settings["warmupRatio"],
            max_grad_norm=1.0,
            logging_steps=20,
            eval_strategy="epoch",
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            seed=experiment["seed"],
            disable_tqdm=True,
        ),
    )
    if settings["epochs"] > 0:
        trainer.train()
    model.save_pretrained(f"{out}/model")
    write(f"{out}/log.json", trainer.state.log_history)


def trained_model(experiment, run, folder):
    if experiment["runs"][run]["method"] == "full":
        return base_model({**experiment, "model": folder}).eval()
    from peft import PeftModel

    return PeftModel.from_pretrained(base_model(experiment), folder).merge_and_unload().eval()


def answers(model, tokenizer, experiment, questions, **how):
    import torch

    texts = prompts(experiment, questions)
    inputs = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=512)
    with torch.no_grad():
        found = model.generate(**inputs, no_repeat_ngram_size=3, max_length=experiment["maxLength"], **how)
    return tokenizer.batch_decode(found, skip_special_tokens=True)


def word_f1(prediction, reference):
    left, right = set(prediction.lower().split()), set(reference.lower().split())
    return 2 * len(left & right) / max(1, len(left) + len(right))


def evaluate(experiment, run, data, trained, out):
    import bert_score
    from rouge_score.rouge_scorer import RougeScorer

    os.makedirs(out)
    tokenizer, model = tokenizer_of(experiment), trained_model(experiment, run, trained)
    rows, batch = read_lines(f"{data}/test.jsonl"), experiment["batch"]
    predictions = []
    for at in range(0, len(rows), batch):
        questions = [row["human"] for row in rows[at : at + batch]]
        beams = {"num_beams": experiment["beams"], "early_stopping": True}
        predictions += answers(model, tokenizer, experiment, questions, **beams)
    references = [row["assistant"] for row in rows]
    names = ["rouge1", "rouge2", "rougeL"]
    scorer = RougeScorer(names, use_stemmer=True)
    pairs = list(zip(predictions, references))
    scores = [scorer.score(reference, prediction) for prediction, reference in pairs]
    metrics = {name: sum(score[name].fmeasure for score in scores) / len(scores) for name in names}
    metrics["f1"] = sum(word_f1(*pair) for pair in pairs) / len(pairs)
    metrics["exact_match"] = sum(a.strip().lower() == b.strip().lower() for a, b in pairs) / len(pairs)
    encoder = {"model_type": experiment["encoder"], "num_layers": experiment["encoderLayers"], "lang": "en"}
    found = bert_score.score(predictions, references, **encoder)
    for name, values in zip(("precision", "recall", "f1"), found):
        metrics[f"bertscore_{name}"] = float(values.mean())
    write(f"{out}/metrics.json", metrics)
    write_lines(
        f"{out}/predictions.jsonl",
        [
            {"question": row["human"], "prediction": prediction, "reference": row["assistant"]}
            for row, prediction in zip(rows, predictions)
        ],
    )


def collate(experiment, out, *folders):
    os.makedirs(out)
    table = [{"name": os.path.basename(folder), **read(f"{folder}/metrics.json")} for folder in folders]
    write(f"{out}/collated_metrics.json", table)
    with open(f"{out}/collated_metrics.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, table[0].keys())
        writer.writeheader()
        writer.writerows(table)


def qualitative(experiment, dataset, out):
    import torch

    os.makedirs(out)
    questions, tokenizer, result = read(experiment["questions"][dataset]), tokenizer_of(experiment), {}
    torch.manual_seed(experiment["seed"])
    for run in experiment["runs"]:
        model = trained_model(experiment, run, f"train/{dataset}-{run}/model")
        sampled = {"do_sample": True, "top_p": experiment["topP"], "top_k": experiment["topK"]}
        result[run] = {
            f"temp_{temperature}": answers(
                model, tokenizer, experiment, questions["questions"], temperature=temperature, **sampled
            )
            for temperature in experiment["temperatures"]
        }
    write(f"{out}/samples.json", result)


globals()[sys.argv[1]](read(sys.argv[2]), *sys.argv[3:])
