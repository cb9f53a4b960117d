"""Makes text-metrics.json: scores of texts of ours by the Python libraries, for tests that run on a fresh
clone.

pip install rouge_score==0.1.2 nltk transformers==4.57.1 torch
python text-metrics.py > text-metrics.json
"""

import json, re, sys
from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer
from transformers.data.metrics.squad_metrics import compute_exact, compute_f1

TYPES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]


class Pieces(Tokenizer):
    def __init__(self, cut):
        self.tokenize = lambda text: cut(text.lower())

    def tokenize(self, text):
        raise NotImplementedError


SCORERS = {
    "stemmed": RougeScorer(TYPES, use_stemmer=True),
    "plain": RougeScorer(TYPES, use_stemmer=False),
    "characters": RougeScorer(TYPES, tokenizer=Pieces(lambda text: [c for c in text if not c.isspace()])),
    "mixed": RougeScorer(
        TYPES,
        tokenizer=Pieces(
            re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f]|[a-z0-9]+").findall
        ),
    ),
}

PAIRS = [
    ("", ""),
    ("", "word"),
    ("word", ""),
    (" \n", "\t"),
    ("?", "!"),
    ("Drink water and rest for two days.", "Rest two days, and drink some water."),
    ("The fevers were coming and going", "a fever comes and goes"),
    (
        "Take one tablet daily.\nSee a doctor if the pain returns.",
        "See a doctor.\nTake a tablet if the pain returns daily.",
    ),
    ("red green\nred green\nblue", "green red\nblue red"),
    ("one two three\n\nfour", "four\none three\n"),
    ("a b c a b c", "c b a c b a"),
    ("x x x", "x"),
    ("x", "x x x"),
    ("\u001cThe cure\u0085works\u00a0", "the cure works"),
    ("\ufeffcure", "cure"),
    ("\u212aelvin \u0130zmir \u03a3\u0391\u03a3", "kelvin i\u0307zmir \u03c3\u03b1\u03c2"),
    ("An answer, the answer: a1 _a_", "answer answer a1 a"),
    ("the\u0301 n\u00b2 a\u00b2", "\u0301 n\u00b2 b"),
    ("it was his", "it wa hi"),
    (
        "\u591a\u559d\u6c34\uff0c\u4f11\u606f\u4e24\u5929\u3002",
        "\u4f11\u606f\u4e00\u5929\uff0c\n\u591a\u559d\u70ed\u6c34\u3002",
    ),
    ("\u670d\u7528 10 mg \u7ef4\u751f\u7d20C", "\u7ef4\u751f\u7d20c 10mg"),
    ("\U00020000\U0001f600", "\U0001f600\U00020000"),
    ("word " * 40 + "end", "end " + "word " * 35),
    ("p q " * 33, "q p " * 34 + "\n" + "q " * 3),
]
WORDS = """
sky skies dying lying tying news innings outings cannings howe proceed exceed succeed dies flies caresses
ponies ties caress cats s is died spied feed agreed bled plastered motoring sing conflated troubled sized
hopping falling hissing fizzed failing filing happy enjoy fly spy y yy yyyy relational conditional rational
valenci hesitanci digitizer conformabli radicalli differentli vileli analogousli vietnamization predication
operator feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti wonderfulli
theologi geologi archaeologi triplicate formative formalize electriciti electrical hopeful goodness revival
allowance inference airliner gyroscopic adjustable defensible irritant replacement adjustment dependent
adoption homologou communism activate angulariti homologous effective bowdlerize onion ion probate rate
cease controll roll b12 1ed 0ing constructor ee eed aed oing generalizations oscillators
""".split()


def rouge(scorer, reference, prediction):
    scores = scorer.score(reference, prediction)
    return [float(value) for kind in TYPES for value in scores[kind]]


def words(reference, prediction):
    p, r = set(prediction.lower().split()), set(reference.lower().split())
    common = len(p & r)
    precision, recall = (common / len(p), common / len(r)) if common else (0.0, 0.0)
    f1 = 2 * precision * recall / (precision + recall) if common else 0.0
    return {
        "set": [precision, recall, f1],
        "exact": prediction.strip().lower() == reference.strip().lower(),
        "squadF1": float(compute_f1(reference, prediction)),
        "squadExact": bool(compute_exact(reference, prediction)),
    }


pairs = [
    {
        "reference": r,
        "prediction": p,
        "rouge": {name: rouge(scorer, r, p) for name, scorer in SCORERS.items()},
        **words(r, p),
    }
    for r, p in PAIRS
]
stems = {word: PorterStemmer().stem(word) for word in WORDS}
json.dump({"pairs": pairs, "stems": stems}, sys.stdout, indent=1)
print()
