import type { Result } from '../../../result.ts';
import { pythonStrip, pythonStripEnd, pythonStripStart } from '../python-text.ts';
import { decodePieces, encodePieces, type SentencePiece } from '../sentencepiece/sentencepiece.ts';
import { pieceId } from '../sentencepiece/vocabulary.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { type AddedToken, matchesOf, specialToken, type TokenMatcher, tokenMatcher } from './added-token.ts';
import { cleanUp } from './clean-up.ts';
import { sentinel, specialTokensOf, type T5SpecialTokens } from './t5-special-tokens.ts';
import type { TokenizerConfig } from './tokenizer-config.ts';

/**
 * T5Tokenizer of transformers 4.57: sentencepiece between special tokens, which are cut out of the text first, sentinels
 * after the vocabulary, </s> at the end.
 */
export function slowT5(sentencePiece: SentencePiece, config: TokenizerConfig): Result<Tokenizer> {
  const special = specialTokensOf(config);
  if (!special.ok) return special;
  const added = addedTokensOf(sentencePiece, config, special.value);
  const slow: SlowT5 = {
    // From before the change on, and still where `legacy` is not false, each part of a text gets sentencepiece's own first space.
    sentencePiece: config.legacy === false ? { ...sentencePiece, normalizer: { ...sentencePiece.normalizer, addDummyPrefix: false } } : sentencePiece,
    legacy: config.legacy ?? true,
    prefixSpace: config.addPrefixSpace ?? true,
    added,
    ids: new Map(Array.from(added, ([id, { content }]) => [content, id])),
    matcher: tokenMatcher([...added.values()]),
    special: new Set([...special.value.roles, ...special.value.additional].map(({ content }) => content)),
    unknown: special.value.unknown.content,
    standAlone: standAloneTokens(added, special.value, sentencePiece.vocabulary.pieces.length),
  };
  const idOfToken = ({ content }: AddedToken): number => idOf(slow, content);
  const end = idOfToken(special.value.end);
  return {
    ok: true,
    value: {
      vocabularySize: Math.max(sentencePiece.vocabulary.pieces.length, ...Array.from(added.keys(), (id) => id + 1)),
      special: { pad: idOfToken(special.value.pad), unknown: idOfToken(special.value.unknown), start: undefined, end },
      encode: (text, { maxLength = Infinity, addSpecialTokens = true } = {}) => {
        const ids = tokensOf(slow, text).map((token) => idOf(slow, token));
        return addSpecialTokens ? closed(ids.slice(0, Math.max(0, maxLength - 1)), end) : ids.slice(0, maxLength);
      },
      truncate: (ids, maxLength) => (ids.length <= maxLength ? [...ids] : closed(ids.slice(0, Math.max(0, maxLength - 1)), end)),
      decode: (ids, { skipSpecialTokens = false, cleanUp: clean = config.cleanUp ?? false } = {}) => {
        const text = decodeTokens(slow, tokensOfIds(slow, ids).filter((token) => !skipSpecialTokens || !slow.special.has(token)));
        return clean ? cleanUp(text) : text;
      },
    },
  };
}

interface SlowT5 {
  readonly sentencePiece: SentencePiece;
  readonly legacy: boolean;
  readonly prefixSpace: boolean;
  readonly added: ReadonlyMap<number, AddedToken>;
  readonly ids: ReadonlyMap<string, number>;
  readonly matcher: TokenMatcher;
  readonly special: ReadonlySet<string>;
  readonly unknown: string;
  /** Tokens that are joined to the rest of a decoded text by spaces. */
  readonly standAlone: ReadonlySet<string>;
}

/** Added tokens by id: the sentinels, the last of them first; what the folder lists; special tokens, those that no vocabulary has at the end. */
function addedTokensOf({ vocabulary }: SentencePiece, { addedTokens }: TokenizerConfig, { roles, additional, extraIds, counted }: T5SpecialTokens): ReadonlyMap<number, AddedToken> {
  const pieces = vocabulary.pieces;
  const added = new Map<number, AddedToken>();
  for (let index = 0; index < counted; index += 1) added.set(pieces.length - 1 + extraIds - index, { ...specialToken(sentinel(index)), lstrip: true, rstrip: true });
  for (const [id, token] of addedTokens) added.set(id, token);
  const known = new Map(Array.from(added, ([id, { content }]) => [content, id]));
  let next = pieces.length + Array.from(added.values()).filter(({ content }) => !hasPiece(vocabulary, content)).length;
  for (const token of [...roles, ...additional]) {
    if (known.has(token.content) || token.content === '') continue;
    const piece = hasPiece(vocabulary, token.content) ? pieceId(vocabulary, token.content) : undefined;
    const id = piece ?? next;
    if (piece === undefined) next += 1;
    added.set(id, { ...token, special: true });
    known.set(token.content, id);
  }
  return added;
}

function hasPiece(vocabulary: SentencePiece['vocabulary'], content: string): boolean {
  const id = pieceId(vocabulary, content);
  return id !== vocabulary.unknownId || vocabulary.pieces[id] === content;
}

/** Sentinels outside the vocabulary, and added tokens that are not special. As `legacy_added_tokens` of PreTrainedTokenizer._decode. */
function standAloneTokens(added: ReadonlyMap<number, AddedToken>, { roles, additional }: T5SpecialTokens, pieces: number): ReadonlySet<string> {
  const special = new Set([...roles, ...additional].map(({ content }) => content));
  const others = new Set(additional.map(({ content }) => content));
  return new Set(Array.from(added).flatMap(([id, { content }]) => (!special.has(content) || (others.has(content) && id >= pieces) ? [content] : [])));
}

/** Ids that end with `end`; where the text itself ended so, there is no second one. As T5Tokenizer._add_eos_if_not_present. */
const closed = (ids: number[], end: number): number[] => (ids.at(-1) === end ? ids : [...ids, end]);

const idOf = ({ ids, sentencePiece }: SlowT5, token: string): number => ids.get(token) ?? pieceId(sentencePiece.vocabulary, token);

function tokensOfIds({ added, sentencePiece }: SlowT5, ids: readonly number[]): string[] {
  return ids.flatMap((id) => added.get(id)?.content ?? sentencePiece.vocabulary.pieces[id] ?? []);
}

/** The tokens of a text. As T5Tokenizer.tokenize. */
function tokensOf(slow: SlowT5, text: string): string[] {
  if (slow.legacy || text === '') return tokensBetween(slow, text);
  const tokens = tokensBetween(slow, `${slow.prefixSpace ? escapedSpace : ''}${text.replaceAll(escapedSpace, ' ')}`);
  const [first, second] = tokens;
  return first === escapedSpace && second !== undefined && slow.special.has(second) ? tokens.slice(1) : tokens;
}

const escapedSpace = '\u2581';

/** Added tokens as they stand, and the pieces of what is between them. As PreTrainedTokenizer.tokenize. */
function tokensBetween(slow: SlowT5, text: string): string[] {
  const parts: { text: string; readonly token: AddedToken | undefined }[] = [];
  let done = 0;
  for (const { start, end, token } of matchesOf(slow.matcher, text)) {
    if (start > done) parts.push({ text: text.slice(done, start), token: undefined });
    parts.push({ text: token.content, token });
    done = end;
  }
  if (done < text.length) parts.push({ text: text.slice(done), token: undefined });

  parts.forEach((part, index) => {
    if (part.token === undefined) return;
    const left = index > 0 ? parts[index - 1] : undefined;
    const right = parts[index + 1];
    const joinsLeft = part.token.singleWord && left !== undefined && left.text !== '' && !left.text.endsWith(' ');
    const joinsRight = part.token.singleWord && right !== undefined && right.text !== '' && !right.text.startsWith(' ');
    if (part.token.rstrip && right) right.text = pythonStripStart(right.text);
    if (part.token.lstrip && left) left.text = pythonStripEnd(left.text);
    if (joinsLeft) left.text += part.text;
    else if (joinsRight) right.text = part.text + right.text;
    if (joinsLeft || joinsRight) part.text = '';
  });
  return parts.flatMap((part) => (part.text === '' ? [] : slow.ids.has(part.text) ? [part.text] : piecesOf(slow, part.text)));
}

/** As T5Tokenizer._tokenize. Without its own first space sentencepiece would drop one that is there, so it is put behind an unknown token, whose pieces are then taken off. */
function piecesOf({ sentencePiece, legacy, unknown }: SlowT5, text: string): string[] {
  const pieces = (of: string): string[] => encodePieces(sentencePiece, of).map(({ surface }) => surface);
  if (legacy || !(text.startsWith(escapedSpace) || text.startsWith(' '))) return pieces(text);
  const guarded = pieces(unknown + text);
  const length = pieces(unknown).length;
  return guarded.length >= length ? guarded.slice(length) : guarded;
}

/** The text of tokens. As PreTrainedTokenizer._decode. */
function decodeTokens(slow: SlowT5, tokens: readonly string[]): string {
  const texts: string[] = [];
  let run: string[] = [];
  for (const token of tokens) {
    if (!slow.standAlone.has(token)) {
      run.push(token);
      continue;
    }
    const text = run.length === 0 ? '' : decodeRun(slow, run);
    if (text !== '') texts.push(text);
    texts.push(token);
    run = [];
  }
  if (run.length > 0) texts.push(decodeRun(slow, run));
  return texts.join(' ');
}

/** The text of pieces and special tokens, a space before each run of the latter. As T5Tokenizer.convert_tokens_to_string. */
function decodeRun({ sentencePiece, prefixSpace, special }: SlowT5, tokens: readonly string[]): string {
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
