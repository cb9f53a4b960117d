"""Trains the nano model's tokenizer on text of our own grammar. Needs: pip install sentencepiece==0.2.*
Run: python scripts/make-nano-tokenizer.py TEXT OUT_DIR
"""
import json, os, sys
import sentencepiece

SENTINELS = 32  # transformers appends <extra_id_31> … <extra_id_0> behind the pieces
PIECES = int(sys.argv[3]) if len(sys.argv) > 3 else 992

text, out = sys.argv[1:3]
os.makedirs(out, exist_ok=True)
sentencepiece.SentencePieceTrainer.train(
    input=text, model_prefix=f"{out}/spiece", model_type="unigram", vocab_size=PIECES,
    pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", eos_piece="</s>", unk_piece="<unk>",
    byte_fallback=True, normalization_rule_name="nmt_nfkc", character_coverage=1.0,
    pretokenization_delimiter="|", max_sentencepiece_length=20,
    num_threads=1, input_sentence_size=0, shuffle_input_sentence=False, minloglevel=2,
)
os.remove(f"{out}/spiece.vocab")
special = dict(eos_token="</s>", pad_token="<pad>", unk_token="<unk>", additional_special_tokens=[f"<extra_id_{i}>" for i in range(SENTINELS)])
for name, content in {"tokenizer_config.json": dict(tokenizer_class="T5Tokenizer", extra_ids=SENTINELS, legacy=True, **special), "special_tokens_map.json": special}.items():
    with open(f"{out}/{name}", "w", encoding="utf-8") as f:
        f.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
