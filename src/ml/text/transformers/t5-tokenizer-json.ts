import type { Json } from '../../../files/json.ts';
import type { Result } from '../../../result.ts';
import type { ModelProto } from '../sentencepiece/model-proto.ts';
import { convertT5 } from './fast-t5.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

/**
 * The tokenizer.json of a `.model`: as T5TokenizerFast of transformers 4.57 converts and saves it, but for
 * byte fallback, which the conversion drops. With it, a text that the pieces do not cover has the ids that
 * sentencepiece gives it.
 */
export function t5TokenizerJson(proto: ModelProto, config: TokenizerConfig): Result<Json> {
  const converted = convertT5(proto, config);
  if (!converted.ok) return converted;
  const { pieces, unknownId, added, metaspace, end } = converted.value;
  const metaspaceJson = {
    type: 'Metaspace',
    replacement: metaspace.replacement,
    prepend_scheme: metaspace.prepend,
    split: metaspace.split,
  };
  const endJson = { SpecialToken: { id: end.content, type_id: 0 } };
  const { charMap } = proto.normalizer;
  return {
    ok: true,
    value: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: Array.from(added)
        .sort(([a], [b]) => a - b)
        .map(([id, token]) => ({
          id,
          content: token.content,
          single_word: token.singleWord,
          lstrip: token.lstrip,
          rstrip: token.rstrip,
          normalized: token.normalized,
          special: token.special,
        })),
      normalizer: {
        type: 'Sequence',
        normalizers: [
          ...(charMap.length === 0
            ? []
            : [
                {
                  type: 'Precompiled',
                  precompiled_charsmap: Buffer.from(charMap).toString('base64'),
                },
              ]),
          { type: 'Strip', strip_left: false, strip_right: true },
          { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '\u2581' },
        ],
      },
      pre_tokenizer: metaspaceJson,
      post_processor: {
        type: 'TemplateProcessing',
        single: [sequence('A'), endJson],
        pair: [sequence('A'), endJson, sequence('B'), endJson],
        special_tokens: { [end.content]: { id: end.content, ids: [end.id], tokens: [end.content] } },
      },
      decoder: proto.byteFallback
        ? { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, metaspaceJson] }
        : metaspaceJson,
      model: {
        type: 'Unigram',
        unk_id: unknownId,
        vocab: pieces.map(([piece, score]) => [piece, score]),
        byte_fallback: proto.byteFallback,
      },
    },
  };
}

const sequence = (id: 'A' | 'B'): Json => ({ Sequence: { id, type_id: 0 } });
