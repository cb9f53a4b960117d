"""Makes bleu-chrf.json: corpora of texts of ours, and their BLEU and chrF by sacrebleu.

pip install sacrebleu==2.6.0
python bleu-chrf.py > bleu-chrf.json
"""

import json, random
from sacrebleu.metrics import BLEU, CHRF

WORDS = (
    "take rest water daily, twice (a) day; not more than 3.5 mg/kg of ibuprofen. see a doctor's office - it's 1,000 "
    "\u201cbetter\u201d &quot;now&quot; &lt;b&gt; <skipped> x-ray no-\n w\u00e9ll \u2192 \u00b5g 3-5 .5 5. ?! \U0001f48a"
).split(" ")
CHINESE = list(
    "\u591a\u559d\u6c34\uff0c\u4f11\u606f\u4e24\u5929\u3002\u670d\u7528\u5e03\u6d1b\u82ac3\u6b21a\u2014\u201c\uff21\U00020000\u3007"
)
EDGE = [
    "",
    " ",
    "a",
    "a b",
    "a b c",
    "a b c d",
    "\u3002",
    "\u6c34",
    "x\n",
    "\u2003em\u2003space",
    "\ufeffcure",
    "a\u0301 \u0130",
]
rng = random.Random(7)


def noisy(tokens, vocabulary):
    tokens = [
        rng.choice(vocabulary) if rng.random() < 0.2 else token for token in tokens if rng.random() > 0.15
    ]
    return tokens


def text(vocabulary, separator):
    tokens = [rng.choice(vocabulary) for _ in range(rng.randrange(1, 14))]
    return separator.join(tokens), separator.join(noisy(tokens, vocabulary))


corpora = []
for rows in [1, 1, 1, 2, 3, 5, 8, 13]:
    for vocabulary, separator in [(WORDS, " "), (CHINESE, ""), (WORDS + CHINESE, " ")]:
        corpora.append([text(vocabulary, separator) for _ in range(rows)])
corpora += [[(a, b)] for a in EDGE for b in EDGE]

out = []
for pairs in corpora:
    references, predictions = [[a for a, _ in pairs]], [b for _, b in pairs]
    out.append(
        {
            "pairs": [{"reference": a, "prediction": b} for a, b in pairs],
            "13a": BLEU(tokenize="13a").corpus_score(predictions, references).score,
            "zh": BLEU(tokenize="zh").corpus_score(predictions, references).score,
            "chrf": CHRF().corpus_score(predictions, references).score,
        }
    )
signatures = {}
for name, metric in [("13a", BLEU(tokenize="13a")), ("zh", BLEU(tokenize="zh")), ("chrf", CHRF())]:
    metric.corpus_score(["a"], [["a"]])
    signatures[name] = str(metric.get_signature())
print(json.dumps({"signatures": signatures, "corpora": out}))
