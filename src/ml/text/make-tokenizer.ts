import type { Json } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { readModelProto } from './sentencepiece/model-proto.ts';
import { readSentencePiece } from './sentencepiece/sentencepiece.ts';
import type { Tokenizer } from './tokenizer.ts';
import { fastT5, fastT5OfJson } from './transformers/fast-t5.ts';
import { slowT5 } from './transformers/slow-t5.ts';
import { readTokenizerConfig, type TokenizerConfig } from './transformers/tokenizer-config.ts';
import { readUnigramJson } from './transformers/tokenizer-json.ts';
import { slowBert } from './wordpiece/slow-bert.ts';

/** The contents of a folder's tokenizer files; those that it lacks are undefined. */
export interface TokenizerFiles {
  /** spiece.model: T5's */
  readonly model: Uint8Array | undefined;
  /** vocab.txt: BERT's */
  readonly vocabulary: Uint8Array | undefined;
  /** tokenizer.json */
  readonly tokenizer: Json | undefined;
  /** tokenizer_config.json */
  readonly config: Json | undefined;
  /** special_tokens_map.json */
  readonly specialTokensMap: Json | undefined;
  /** added_tokens.json */
  readonly addedTokens: Json | undefined;
}

/**
 * How a T5's texts are tokenized. `sentencepiece`: as T5 and mT5 were pre-trained, and as T5Tokenizer works.
 * `transformers`: as AutoTokenizer (T5TokenizerFast), which has no byte fallback and rules of its own for
 * spaces.
 */
export type Tokenization = 'sentencepiece' | 'transformers';

/**
 * The tokenizer of a folder: a T5's, chosen by `tokenization`; or a BERT's, always the one that bert_score
 * uses.
 */
export function makeTokenizer(files: TokenizerFiles, tokenization: Tokenization): Result<Tokenizer> {
  const config = readTokenizerConfig(files);
  if (!config.ok) return config;
  if (files.model !== undefined || (files.tokenizer !== undefined && files.vocabulary === undefined))
    return makeT5(files, config.value, tokenization);
  if (files.vocabulary === undefined)
    return {
      ok: false,
      error: 'it has no tokenizer: expected spiece.model or tokenizer.json (T5, mT5), or vocab.txt (BERT)',
    };
  const unsupported = unlessNamed(/^BertTokenizer(?:Fast)?$/, config.value);
  return unsupported === undefined
    ? slowBert(files.vocabulary, config.value)
    : { ok: false, error: unsupported };
}

function makeT5(
  { model, tokenizer }: TokenizerFiles,
  config: TokenizerConfig,
  tokenization: Tokenization,
): Result<Tokenizer> {
  const unsupported = unlessNamed(/^M?T5Tokenizer(?:Fast)?$/, config);
  if (unsupported !== undefined) return { ok: false, error: unsupported };
  if (tokenization === 'transformers' && tokenizer !== undefined && !config.setsPrefixSpace) {
    const parts = readUnigramJson(tokenizer);
    return parts.ok
      ? fastT5OfJson(parts.value, config)
      : { ok: false, error: `tokenizer.json: ${parts.error}` };
  }
  if (model === undefined)
    return {
      ok: false,
      error:
        tokenization === 'transformers'
          ? 'it has no spiece.model, from which transformers converts the tokenizer where ' +
            'tokenizer_config.json sets add_prefix_space: remove it, or set it to null'
          : 'it has no spiece.model, which tokenization "sentencepiece" needs; tokenization ' +
            '"transformers" needs only tokenizer.json',
    };
  if (tokenization === 'sentencepiece') {
    const sentencePiece = readSentencePiece(model);
    return sentencePiece.ok
      ? slowT5(sentencePiece.value, config)
      : { ok: false, error: `spiece.model: ${sentencePiece.error}` };
  }
  const proto = readModelProto(model);
  return proto.ok ? fastT5(proto.value, config) : { ok: false, error: `spiece.model: ${proto.error}` };
}

/** The problem of a folder whose tokenizer class cuts texts differently from the `known` ones. */
function unlessNamed(known: RegExp, { className }: TokenizerConfig): string | undefined {
  if (className === undefined || anyClass.includes(className) || known.test(className)) return undefined;
  return (
    `its tokenizer_class is ${className}: expected T5Tokenizer or MT5Tokenizer with spiece.model, or ` +
    'BertTokenizer with vocab.txt'
  );
}

/** Classes of transformers 4 and 5 that use tokenizer.json. */
const anyClass: readonly string[] = ['PreTrainedTokenizerFast', 'TokenizersBackend'];
