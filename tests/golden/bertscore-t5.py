"""Makes bertscore-t5.json: what bert_score gives for texts of ours by the encoder of data/models/nano-mt5, by
layer, with and without idf.

pip install torch==2.15.0 transformers==4.57.1 sentencepiece==0.2.3 bert_score==0.3.12
python bertscore-t5.py
"""

import json, os, warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import torch, transformers
from bert_score.utils import bert_cos_score_idf, get_idf_dict, get_model, get_tokenizer
from collections import defaultdict

transformers.logging.set_verbosity_error()
HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(
    HERE, "../../data/models/nano-mt5"
)  # "t5" in its name: bert_score opens it as an encoder
PAIRS = [
    ("Drink water often and rest.", "Rest, and drink water."),
    ("多喝水，多休息。", "多休息，三天后再看医生。"),
    ("", "Call a doctor."),
    ("Call a doctor.", ""),
    ("", ""),
    (" ", "rest"),
    ("rest", "rest"),
    ("a", "b"),
    ("The rash is dry.", "The rash is dry."),
    ("fever " * 40, "A fever of three days needs a doctor."),
    ("ＦＵＬＬ width ½", "full width 1/2"),
    ("zzz 😀", "a long answer that names 500 mg after dinner, not before"),
    ("  two  spaces ", "two spaces"),
    ("word " * 250, "word " * 240),
]
candidates, references = [c for c, _ in PAIRS], [r for _, r in PAIRS]
tokenizer = get_tokenizer(MODEL, False)
rows = []
for layer in (0, 1, 2):
    model = get_model(MODEL, layer)
    for idf in (False, True):
        weights = get_idf_dict(references, tokenizer, nthreads=1) if idf else defaultdict(lambda: 1.0)
        if not idf:
            weights[tokenizer.sep_token_id] = 0
            weights[tokenizer.cls_token_id] = 0  # as bert_score.score
        with torch.no_grad():
            scores = bert_cos_score_idf(
                model, references, candidates, tokenizer, weights, device="cpu", batch_size=64
            )
        number = lambda x: None if x != x else x
        rows.append(
            {"layer": layer, "idf": idf, "scores": [[number(float(x)) for x in row] for row in scores]}
        )
with open(os.path.join(HERE, "bertscore-t5.json"), "w") as f:
    f.write(json.dumps({"pairs": PAIRS, "settings": rows}, separators=(",", ":")) + "\n")
