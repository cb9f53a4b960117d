"""Makes data/models/nano-mt5-init: the nano model's tokenizer, trained on text of our own grammar, and its
sizes. Run from the project's root, after make-sample-data.ts:
pip install sentencepiece==0.2.1 && python scripts/make-nano-tokenizer.py
"""

import json
import os
import sentencepiece

SENTINELS = 32  # appended by the tokenizer behind the pieces: <extra_id_31> first, <extra_id_0> last
PIECES = 1248  # the text has about a hundred more to give; with the sentinels, a table of 1,280 rows
TEXT, OUT = "data/tokenizer/text.txt", "data/models/nano-mt5-init"

os.makedirs(OUT, exist_ok=True)
sentencepiece.SentencePieceTrainer.train(
    input=TEXT,
    model_prefix=f"{OUT}/spiece",
    model_type="unigram",
    vocab_size=PIECES,
    pad_id=0,
    eos_id=1,
    unk_id=2,
    bos_id=-1,
    pad_piece="<pad>",
    eos_piece="</s>",
    unk_piece="<unk>",
    byte_fallback=True,
    normalization_rule_name="nmt_nfkc",
    character_coverage=1.0,
    pretokenization_delimiter="|",  # slotBorder of stages/nano/tokenizer-text.ts
    max_sentencepiece_length=20,
    num_threads=1,
    shuffle_input_sentence=False,
    minloglevel=2,
)
os.remove(f"{OUT}/spiece.vocab")


def write(name, content):
    with open(f"{OUT}/{name}", "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2) + "\n")


special = dict(
    eos_token="</s>",
    pad_token="<pad>",
    unk_token="<unk>",
    additional_special_tokens=[f"<extra_id_{i}>" for i in range(SENTINELS)],
)
write("special_tokens_map.json", special)
write(
    "tokenizer_config.json", dict(tokenizer_class="T5Tokenizer", extra_ids=SENTINELS, legacy=True, **special)
)
write(
    "config.json",
    dict(
        model_type="mt5",
        architectures=["MT5ForConditionalGeneration"],
        tokenizer_class="T5Tokenizer",
        vocab_size=PIECES + SENTINELS,
        d_model=128,
        d_kv=32,
        num_heads=4,
        d_ff=256,
        num_layers=2,
        num_decoder_layers=2,
        feed_forward_proj="gated-gelu",
        is_gated_act=True,
        dense_act_fn="gelu_new",
        layer_norm_epsilon=1e-6,
        initializer_factor=1.0,
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        tie_word_embeddings=False,
        is_encoder_decoder=True,
        use_cache=True,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
        # At this width dropout costs more than it gives: a fine-tuned answer loses 7 to 30 points of ROUGE-L.
        dropout_rate=0.0,
    ),
)
write("generation_config.json", dict(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0))
