import type { Result } from '../../../result.ts';
import { pythonStrip } from '../python-text.ts';
import { decodePieces, encodePieces, type SentencePiece } from '../sentencepiece/sentencepiece.ts';
import { pieceId } from '../sentencepiece/vocabulary.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type AddedToken, specialToken } from './added-token.ts';
import { type AddedTokens, sizeWith } from './added-tokens.ts';
import { cleanUp } from './clean-up.ts';
import {
  type BaseVocabulary,
  joinTokens,
  type SlowTokens,
  slowTokens,
  type Token,
  tokenizeBetween,
} from './slow-tokenizer.ts';
import { sentinel, specialTokensOf, type T5SpecialTokens } from './t5-special-tokens.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

/**
 * T5Tokenizer of transformers 4.57: sentencepiece between special tokens, which are cut out of the text
 * first, sentinels after the vocabulary, </s> at the end.
 */
export function slowT5(sentencePiece: SentencePiece, config: TokenizerConfig): Result<Tokenizer> {
  const special = specialTokensOf(config);
  if (!special.ok) return special;
  const { vocabulary, normalizer } = sentencePiece;
  const legacy = config.legacy ?? true;
  const slow: SlowT5 = {
    sentencePiece: legacy
      ? sentencePiece
      : { ...sentencePiece, normalizer: { ...normalizer, addDummyPrefix: false } },
    legacy,
    prefixSpace: config.addPrefixSpace ?? true,
    tokens: slowTokensOf(special.value, config.addedTokens, {
      size: vocabulary.pieces.length,
      idOf: (content) => {
        const id = pieceId(vocabulary, content);
        return id === vocabulary.unknownId && vocabulary.pieces[id] !== content ? undefined : id;
      },
    }),
    unknown: special.value.unknown.content,
  };
  const idOf = (token: string): number => idOfToken(slow, token);
  const end = idOf(special.value.end.content);
  return {
    ok: true,
    value: {
      modelMaxLength: config.modelMaxLength ?? Infinity,
      vocabularySize: sizeWith(slow.tokens.added, vocabulary.pieces.length),
      special: { pad: idOf(special.value.pad.content), unknown: idOf(slow.unknown), start: undefined, end },
      encode: (text, { maxLength = Infinity, addSpecialTokens = true } = {}) => {
        const ids = tokensOf(slow, text).map(({ id }) => id);
        return addSpecialTokens ? closed(ids, maxLength, end) : ids.slice(0, maxLength);
      },
      truncate: (ids, maxLength) => (ids.length <= maxLength ? [...ids] : closed(ids, maxLength, end)),
      decode: (ids, { skipSpecialTokens = false, cleanUp: clean = config.cleanUp ?? false } = {}) => {
        const tokens = ids.flatMap((id) => slow.tokens.added.get(id)?.content ?? vocabulary.pieces[id] ?? []);
        const text = joinTokens(
          slow.tokens,
          tokens.filter((token) => !skipSpecialTokens || !slow.tokens.special.has(token)),
          (run) => decodeRun(slow, run),
        );
        return clean ? cleanUp(text) : text;
      },
    },
  };
}

interface SlowT5 {
  readonly sentencePiece: SentencePiece;
  /**
   * The behavior before transformers 4.33, and still the default: each part of a text gets sentencepiece's
   * own first space.
   */
  readonly legacy: boolean;
  readonly prefixSpace: boolean;
  readonly tokens: SlowTokens;
  readonly unknown: string;
}

/** The added tokens of a T5Tokenizer over the pieces of its model. */
export const slowTokensOf = (
  special: T5SpecialTokens,
  addedTokens: AddedTokens,
  pieces: BaseVocabulary,
): SlowTokens =>
  slowTokens(listedTokens(pieces.size, addedTokens, special), special.roles, special.additional, pieces);

/** The sentinels, counted down to the end of the vocabulary, and what the folder lists. */
function listedTokens(
  pieces: number,
  addedTokens: AddedTokens,
  { extraIds, counted }: T5SpecialTokens,
): AddedTokens {
  const sentinels = Array.from({ length: counted }, (_, index): [number, AddedToken] => [
    pieces - 1 + extraIds - index,
    { ...specialToken(sentinel(index)), lstrip: true, rstrip: true },
  ]);
  return new Map([...sentinels, ...addedTokens]);
}

/**
 * Ids cut to leave room for `end`, and closed by it; where the text itself ended so, there is no second one.
 * As T5Tokenizer._add_eos_if_not_present.
 */
function closed(ids: readonly number[], maxLength: number, end: number): number[] {
  const kept = ids.slice(0, Math.max(0, maxLength - 1));
  return kept.at(-1) === end ? kept : [...kept, end];
}

const idOfToken = ({ tokens: { ids }, sentencePiece }: SlowT5, token: string): number =>
  ids.get(token) ?? pieceId(sentencePiece.vocabulary, token);

/** The tokens of a text. As T5Tokenizer.tokenize. */
function tokensOf(slow: SlowT5, text: string): Token[] {
  const { legacy, prefixSpace, tokens: added } = slow;
  if (legacy || text === '') return tokenizeBetween(added, text, (part) => piecesOf(slow, part));
  const tokens = tokenizeBetween(
    added,
    `${prefixSpace ? escapedSpace : ''}${text.replaceAll(escapedSpace, ' ')}`,
    (part) => piecesOf(slow, part),
  );
  const [first, second] = tokens;
  return first?.text === escapedSpace && second !== undefined && added.special.has(second.text)
    ? tokens.slice(1)
    : tokens;
}

const escapedSpace = '\u2581';

/**
 * As T5Tokenizer._tokenize. Without its own first space sentencepiece would drop one that is there, so it is
 * put behind an unknown token, whose pieces are then taken off.
 */
function piecesOf(slow: SlowT5, text: string): Token[] {
  const { legacy, unknown } = slow;
  if (legacy || !(text.startsWith(escapedSpace) || text.startsWith(' '))) return encoded(slow, text);
  const guarded = encoded(slow, unknown + text);
  const { length } = encoded(slow, unknown);
  return guarded.length >= length ? guarded.slice(length) : guarded;
}

/** The ids go by the text of the pieces: so that of an unknown run, too, may be found. */
function encoded(slow: SlowT5, text: string): Token[] {
  const { sentencePiece, tokens } = slow;
  const { unknownId, named } = sentencePiece.vocabulary;
  return encodePieces(sentencePiece, text).map((piece) => {
    const id =
      piece.id === unknownId
        ? idOfToken(slow, piece.text)
        : (tokens.ids.get(piece.text) ?? named.get(piece.text) ?? piece.id);
    return id === piece.id ? piece : { id, text: piece.text };
  });
}

/**
 * The text of pieces and special tokens, a space before each run of the latter. As
 * T5Tokenizer.convert_tokens_to_string.
 */
function decodeRun(
  { sentencePiece, prefixSpace, tokens: { special } }: SlowT5,
  tokens: readonly string[],
): string {
  const [first = '', ...rest] = tokens;
  let text = '';
  let run: string[] = [];
  let afterSpecial = false;
  for (const token of [prefixSpace && first.startsWith(escapedSpace) ? first.slice(1) : first, ...rest]) {
    if (!special.has(token)) {
      run.push(token);
      afterSpecial = false;
      continue;
    }
    text += `${afterSpecial ? '' : ' '}${decodePieces(sentencePiece, run)}${token}`;
    afterSpecial = true;
    run = [];
  }
  return pythonStrip(text + decodePieces(sentencePiece, run));
}
