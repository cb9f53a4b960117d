"""The other side of a row, as ours.mjs: `python bench/peer.py FOLDER KIND OPTIONS`, with KIND one of step,
evaluate, generate, product, pieces, tokens, bertscore and load.

torch with fused AdamW, transformers 4.57, peft, sentencepiece, bert_score. FOLDER: what make-inputs.mjs made.
"""

import json
import os
import resource
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
FOLDER, KIND, OPTIONS = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}, result


def model_of(name, threads):
    import torch
    from transformers import MT5ForConditionalGeneration

    torch.set_num_threads(threads)
    return MT5ForConditionalGeneration.from_pretrained(os.path.join(FOLDER, name))


def batches_of(batch, steps, warm, length=None, **_):
    rows = read("rows.json")
    full = [row for row in rows if min(len(row["source"]), len(row["target"])) >= (length or 0)]

    def at(index, longest):
        start = (index * batch) % len(full)
        chosen = (full[start:] + full)[:batch]
        return [{side: row[side][:longest] for side in ("source", "target")} for row in chosen]

    return [at(i, length or 32) for i in range(warm)] + [at(i, length or 512) for i in range(steps)]


def padded(rows, filler):
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def feeds(rows):
    sources = [row["source"] for row in rows]
    return {
        "input_ids": padded(sources, 0),
        "attention_mask": padded([[1] * len(row) for row in sources], 0),
        "labels": padded([row["target"] for row in rows], -100),
    }


def precise(precision):
    import torch

    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")


def step(model, warm, threads, method="full", precision="float32", **options):
    import torch

    net = model_of(model, threads)
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        targets = ["q", "v"]
        lora = LoraConfig(
            task_type="SEQ_2_SEQ_LM", target_modules=targets, r=8, lora_alpha=32, lora_dropout=0.1
        )
        net = get_peft_model(net, lora)
    net.train()
    torch.manual_seed(42)
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=5e-5, weight_decay=0.01, fused=True)

    def one(rows):
        with precise(precision):
            loss = net(**feeds(rows)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        net.zero_grad()
        return loss.item()

    results = [timed(lambda rows=rows: one(rows)) for rows in batches_of(warm=warm, **options)]
    return {"times": [each for each, _ in results[warm:]], "loss": results[-1][1]}


def evaluate(model, warm, threads, **options):
    import torch

    net = model_of(model, threads).eval()

    def one(rows):
        with torch.no_grad():
            return net(**feeds(rows)).loss.item()

    results = [timed(lambda rows=rows: one(rows)) for rows in batches_of(warm=warm, **options)]
    return {"times": [each for each, _ in results[warm:]], "loss": results[-1][1]}


def generate(model, count, batch, tokens, threads, beams=4):
    import torch

    net = model_of(model, threads).eval()
    sources = sorted((row["source"] for row in read("rows.json")[:count]), key=len, reverse=True)

    def some(rows, longest):
        with torch.no_grad():
            return net.generate(
                input_ids=padded(rows, 0),
                attention_mask=padded([[1] * len(row) for row in rows], 0),
                num_beams=beams,
                early_stopping=beams > 1,
                no_repeat_ngram_size=3,
                max_new_tokens=longest,
            )

    some(sources[:batch], 4)
    starts = range(0, len(sources), batch)
    time_, found = timed(lambda: [some(sources[at : at + batch], tokens) for at in starts])
    lengths = [sum(id != 0 for id in row) + 1 for rows in found for row in rows.tolist()]
    return {"times": [time_], "tokens": sum(lengths)}


def product(size, passes, threads):
    import torch

    torch.set_num_threads(threads)
    value = torch.full((size, size), 1.5)
    return {"times": [timed(lambda: value @ value)[0] for _ in range(passes + 1)][1:]}


def encoded(passes, encode):
    lines = read("texts.json")
    results = [timed(lambda: sum(map(len, encode(lines)))) for _ in range(passes)]
    return {"times": [each for each, _ in results], "tokens": results[-1][1]}


def pieces(passes):
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=os.path.join(FOLDER, "nano/spiece.model"))
    return encoded(passes, lambda lines: model.encode(lines, num_threads=1))


def tokens(passes):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(os.path.join(FOLDER, "nano"))
    return encoded(passes, lambda lines: tokenizer(lines)["input_ids"])


def bertscore(encoder, count, batch, threads):
    import bert_score
    import torch

    torch.set_num_threads(threads)
    pairs = read("pairs.json")[:count]
    folder = os.path.join(FOLDER, encoder)
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        how = {"model_type": folder, "num_layers": json.load(file)["num_hidden_layers"], "lang": "en"}

    def work(some):
        candidates, references = zip(*some)
        _, _, f1 = bert_score.score(candidates, references, batch_size=batch, nthreads=1, **how)
        return float(f1.mean())

    work(pairs[:4])
    time_, f1 = timed(lambda: work(pairs))
    return {"times": [time_], "f1": f1}


def load(model, threads):
    import torch

    source = read("rows.json")[0]["source"]

    def work():
        net = model_of(model, threads).eval()
        with torch.no_grad():
            start = torch.tensor([[0]])
            return int(net(input_ids=torch.tensor([source]), decoder_input_ids=start).logits[0, 0].argmax())

    import transformers.models.mt5  # noqa: F401  imported before the clock starts

    time_, top = timed(work)
    return {"times": [time_], "top": top}


answer = globals()[KIND](**OPTIONS)
print(json.dumps({**answer, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
