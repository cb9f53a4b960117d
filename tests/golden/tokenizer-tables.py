"""Makes tokenizers/: small models and vocabularies of ours, and what the Python libraries make of texts of
ours with them.

pip install sentencepiece==0.2.3 transformers==4.57.1 protobuf       # Python 3.11: its Unicode tables are in
the result python tokenizer-tables.py
"""

import io, json, os, shutil, tempfile, warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import sentencepiece, transformers
from transformers import AutoTokenizer, BertTokenizer
from transformers.convert_slow_tokenizer import import_protobuf

transformers.logging.set_verbosity_error()
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers")
pb = import_protobuf()
NORMAL, UNUSED = 1, 5

LINES = [
    "The doctor said that the fever would pass within three days.",
    "Drink water often and rest; call again if the pain does not pass.",
    "My knee hurts after running, and the swelling is worse at night.",
    "Take one tablet of 500 mg after dinner, not before.",
    "Is it safe to swim with an ear infection?",
    "The rash on the arm is dry, red and itches at night.",
    "Cough and fever for three days, no pain in the chest.",
    "A scan of the knee shows no tear, so rest is enough.",
    "头痛三天，晚上更痛，要不要去医院？",
    "多喝水，多休息，三天后再看医生。",
    "发烧三十八度，咳嗽，没有胸痛。",
    "饭后吃一片药，不要空腹吃。",
    "膝盖痛，跑步后更痛，晚上肿。",
    "皮肤发红发痒，晚上更痒。",
] * 4
TEXTS = [
    "",
    " ",
    "  ",
    "\u3000",
    "The fever would pass.",
    " The  fever\twould\n\npass. ",
    "the doctor's knee",
    "头痛三天，不要去医院。",
    "发烧38.5度 and fever",
    "\u2581",
    "\u2581\u2581the\u2581",
    "fever\u2581",
    "naïve café",
    "cafe\u0301",
    "E\u0301\u0302",
    "ＡＢＣ１２３",
    "😀 pain 😀😀",
    "👨\u200d👩\u200d👧",
    "疒疼",
    "zzz",
    "</s>",
    "a</s>b",
    "pain </s>",
    "<unk>",
    "<pad> x",
    "<extra_id_0>",
    "a <extra_id_0> b <extra_id_1>.",
    "a<extra_id_0>b",
    "<extra_id_7>",
    "<gap>",
    "rest <gap> rest",
    "<ctrl>",
    "mg/kg 500mg/kg",
    "<0x41>",
    "a\x00b",
    "a\x07b",
    "a\u200bb",
    "\ufeffa",
    "a\u2028b",
    "a\x85b",
    "\u00a0a\u00a0",
    "e\ufffde",
    "\U0010ffff",
    "\U00031350",
    "aaaaaaaaaaaaaaaa",
    "0000000000",
    "----------",
    "痛" * 30,
    "the " * 20,
    "pain." * 10,
    "ΟΔΟΣ Σ",
    "İstanbul",
    "ﬁre ½ ²",
    "\u0e01\u0e33",
    "한국어",
    "a\r\nb\rc",
    "[CLS] x [SEP]",
    "[sep]",
    "[S\u200bEP]",
    "don't won't I'm",
    "x" * 101,
    "豈\u2f00",
    "mixed中文text",
]


def tsv(rules):
    f = tempfile.NamedTemporaryFile("w", suffix=".tsv", delete=False)
    f.write(
        "".join(
            " ".join(f"{ord(c):x}" for c in a) + "\t" + " ".join(f"{ord(c):x}" for c in b) + "\n"
            for a, b in rules
        )
    )
    f.close()
    return f.name


RULES = (
    [(chr(0xFF21 + i), chr(0x41 + i)) for i in range(26)]
    + [(chr(0xFF10 + i), chr(0x30 + i)) for i in range(10)]
    + [
        ("\t", " "),
        ("\n", " "),
        ("\r", " "),
        ("\u3000", " "),
        ("\u00a0", " "),
        ("\u200b", ""),
        ("e\u0301", "é"),
        ("½", "1/2"),
        ("²", "2"),
        ("ﬁ", "fi"),
    ]
)


def train(vocab_size, **options):
    blob = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=blob,
        model_type="unigram",
        vocab_size=vocab_size,
        hard_vocab_limit=False,
        num_threads=1,
        minloglevel=2,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        normalization_rule_tsv=tsv(RULES),
        **options,
    )
    proto = pb.ModelProto.FromString(blob.getvalue())
    for spec in (proto.normalizer_spec, proto.denormalizer_spec):
        spec.ClearField("normalization_rule_tsv")
    proto.trainer_spec.ClearField("input")
    return proto


def save(name, proto):
    with open(os.path.join(OUT, name + ".model"), "wb") as f:
        f.write(proto.SerializeToString())


def table(name):
    sp = sentencepiece.SentencePieceProcessor(model_file=os.path.join(OUT, name + ".model"))
    rows = [
        {
            "text": t,
            "ids": sp.encode(t),
            "pieces": sp.encode(t, out_type=str),
            "normalized": sp.normalize(t),
            "decoded": sp.decode(sp.encode(t)),
        }
        for t in TEXTS
    ]
    size = sp.get_piece_size()
    decodes = [[(7 * i + 13 * k * k + 5) % size for k in range(i % 9)] for i in range(40)]
    return {"rows": rows, "decodes": [{"ids": ids, "text": sp.decode(ids)} for ids in decodes]}


def folder_of(name, config):
    folder = tempfile.mkdtemp()
    shutil.copy(os.path.join(OUT, name + ".model"), os.path.join(folder, "spiece.model"))
    with open(os.path.join(folder, "tokenizer_config.json"), "w") as f:
        json.dump({"tokenizer_class": "T5Tokenizer", **config}, f)
    return folder


def t5(name, config):
    folder, result = folder_of(name, config), {"config": {"tokenizer_class": "T5Tokenizer", **config}}
    for kind, fast in (("sentencepiece", False), ("transformers", True)):
        t = AutoTokenizer.from_pretrained(folder, use_fast=fast)
        rows = []
        for text in TEXTS:
            ids = t(text).input_ids
            rows.append(
                {
                    "text": text,
                    "ids": ids,
                    "cut": t(text, truncation=True, max_length=4).input_ids,
                    "plain": t.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=True),
                    "decoded": t.decode(ids),
                }
            )
        result[kind] = {"size": len(t), "rows": rows}
        if fast:
            t.backend_tokenizer.save(os.path.join(OUT, name + ".tokenizer.json"), pretty=False)
    return result


def bert(options):
    t = BertTokenizer(os.path.join(OUT, "vocab.txt"), **options)
    return {
        "config": {"tokenizer_class": "BertTokenizer", **options},
        "rows": [
            {
                "text": s,
                "ids": t(s).input_ids,
                "cut": t(s, truncation=True, max_length=5).input_ids,
                "plain": t.decode(t(s).input_ids, skip_special_tokens=True),
            }
            for s in TEXTS
        ],
    }


os.makedirs(OUT, exist_ok=True)
save(
    "bytes",
    train(
        420,
        byte_fallback=True,
        user_defined_symbols=["<gap>", "mg/kg"],
        control_symbols=["<ctrl>"],
        max_sentencepiece_length=8,
    ),
)
free = train(
    150,
    byte_fallback=False,
    treat_whitespace_as_suffix=True,
    unk_surface="<?>",
    denormalization_rule_tsv=tsv([("fever", "FEVER"), ("痛", "疼痛")]),
    max_sentencepiece_length=8,
)
free.normalizer_spec.add_dummy_prefix = False
free.normalizer_spec.remove_extra_whitespaces = False
for piece in [p for p in free.pieces if p.type == NORMAL and len(p.piece) > 1][::4]:
    piece.type = UNUSED
save("suffix", free)
words = sorted(
    {
        w
        for line in LINES
        for w in line.lower().replace(",", " ").replace(".", " ").replace("?", " ").replace(";", " ").split()
        if w.isascii()
    }
)
pieces = sorted(
    {
        "##" + w[i:j]
        for w in words[::3]
        for i in range(1, len(w))
        for j in range(i + 1, min(len(w), i + 3) + 1)
    }
)
characters = sorted(
    {c for line in LINES for c in line if not c.isascii()}
    | set("abcdefghijklmnopqrstuvwxyz0123456789.,'?;-/[]<>é")
)
with open(os.path.join(OUT, "vocab.txt"), "w") as f:
    f.write(
        "\n".join(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
            + characters
            + ["##" + c for c in characters]
            + words
            + [p for p in pieces if len(p) > 3]
        )
        + "\n"
    )
tables = {
    "sentencepiece": {name: table(name) for name in ("bytes", "suffix")},
    "t5": {"sentinels": {"model": "bytes", **t5("bytes", {"extra_ids": 4})}},
    "bert": [
        bert({"do_lower_case": True}),
        bert({"do_lower_case": False, "strip_accents": True}),
        bert({"do_lower_case": True, "strip_accents": False, "tokenize_chinese_chars": False}),
    ],
}
legacy = t5("bytes", {"extra_ids": 0, "legacy": False, "additional_special_tokens": ["<gap>"]})
tables["t5"]["not legacy"] = {"model": "bytes", **legacy}
tables["t5"]["sentinels"].update(
    {k: v for k, v in t5("bytes", {"extra_ids": 4}).items()}
)  # last, so that bytes.tokenizer.json is this one's
with open(os.path.join(OUT, "tables.json"), "w") as f:
    json.dump(tables, f, ensure_ascii=True, separators=(",", ":"))
