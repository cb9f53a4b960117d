import { memoize } from '../../../memory.ts';
import type { Result } from '../../../result.ts';
import { bestPath, pathScratch, type ScoredPieces } from '../sentencepiece/best-path.ts';
import { buildByteTrie, idOf } from '../sentencepiece/byte-trie.ts';
import { bytePiece } from '../sentencepiece/piece-problem.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { wordMemory } from '../word-memory.ts';
import { type AddedToken, matchesOf, tokenMatcher } from './added-token.ts';
import { type AddedTokens, sizeWith } from './added-tokens.ts';
import { cleanUp } from './clean-up.ts';
import { cutFramed, framed, type Frame } from './frame.ts';
import type { TextPiece } from './metaspace.ts';

/** The parts of a Unigram tokenizer of the tokenizers library, from its tokenizer.json. */
export interface UnigramParts {
  /** Pieces and their scores, by id. */
  readonly pieces: readonly (readonly [piece: string, score: number])[];
  readonly unknownId: number;
  readonly byteFallback: boolean;
  readonly added: AddedTokens;
  /** Added tokens with the flags that they had before others replaced these. */
  readonly replaced?: readonly AddedToken[];
  readonly normalize: (text: string) => string;
  /** Cuts a text into the parts that are encoded each by itself. */
  readonly preTokenize: (piece: TextPiece) => readonly TextPiece[];
  /** Tokens to the texts that make up the whole. */
  readonly decode: (tokens: readonly string[]) => readonly string[];
  readonly frame: Frame;
}

/** Settings that transformers keeps beside the tokenizers library. */
export interface FastSettings {
  readonly roles: { readonly pad: string; readonly unknown: string; readonly end: string };
  readonly cleanUp: boolean;
  readonly modelMaxLength: number;
}

/**
 * A Unigram tokenizer as tokenizers 0.22 runs it: T5TokenizerFast, for example. Comments mark the differences
 * from sentencepiece.
 */
export function fastUnigram(parts: UnigramParts, settings: FastSettings): Result<Tokenizer> {
  const { pieces, added, frame } = parts;
  const scored = scoredPieces(parts);
  if (scored === undefined)
    return {
      ok: false,
      error: 'the vocabulary is too large: its pieces have more than 16 million different beginnings',
    };
  const byContent = new Map(Array.from(added, ([id, { content }]) => [content, id]));
  const idOfToken = (token: string): number | undefined =>
    byContent.get(token) ?? pieceIdOf(scored, Buffer.from(token));
  const [pad, unknown, end] = [
    idOfToken(settings.roles.pad),
    idOfToken(settings.roles.unknown),
    idOfToken(settings.roles.end),
  ];
  if (pad === undefined || unknown === undefined || end === undefined) {
    const role = pad === undefined ? 'pad' : unknown === undefined ? 'unknown' : 'end';
    return {
      ok: false,
      error:
        'the vocabulary has no ' +
        `${JSON.stringify(settings.roles[role])}, which is configured as its ${role} token`,
    };
  }

  const special = new Set(
    Array.from(added.values()).flatMap((token) => (token.special ? [token.content] : [])),
  );
  const split = addedTokenSplitter(parts);
  const encodeWord = memoize(wordEncoder(scored, parts.byteFallback), wordMemory);
  const idsOf = (part: number | TextPiece): number | readonly number[] =>
    typeof part === 'number' ? part : parts.preTokenize(part).flatMap(({ text }) => encodeWord(text));
  return {
    ok: true,
    value: {
      modelMaxLength: settings.modelMaxLength,
      vocabularySize: sizeWith(added, pieces.length),
      special: { pad, unknown, start: undefined, end },
      encode: (text, options = {}) => framed(split(text).flatMap(idsOf), frame, options),
      truncate: (ids, maxLength) => cutFramed(ids, frame, maxLength),
      decode: (ids, { skipSpecialTokens = false, cleanUp: clean = settings.cleanUp } = {}) => {
        const tokens = ids.flatMap((id) => added.get(id)?.content ?? pieces[id]?.[0] ?? []);
        const text = parts
          .decode(tokens.filter((token) => !skipSpecialTokens || !special.has(token)))
          .join('');
        return clean ? cleanUp(text) : text;
      },
    },
  };
}

/**
 * Every piece can match in a text, even one that matches no text in sentencepiece: `<0x41>`, where a text
 * contains these characters.
 */
function scoredPieces({ pieces, unknownId }: UnigramParts): ScoredPieces | undefined {
  // Of two equal pieces the later has the name.
  const built = buildByteTrie(
    Array.from(pieces, ([piece], id) => [Buffer.from(piece), id] as const).reverse(),
  );
  if (built === undefined) return undefined;
  const worst = pieces.reduce((least, [, score]) => Math.min(least, score), Infinity);
  return {
    trie: built.trie,
    scores: Float64Array.from(pieces, ([, score]) => score),
    unknownScore: worst - 10,
    unknownId,
    precision: 'float64',
    scratch: pathScratch(),
  };
}

function pieceIdOf({ trie }: ScoredPieces, bytes: Uint8Array): number | undefined {
  const id = idOf(trie, bytes);
  return id === -1 ? undefined : id;
}

/**
 * Neighbouring unknown characters are one: the piece of that text if there is one, else its bytes if they
 * have pieces, else unknown.
 */
function wordEncoder(scored: ScoredPieces, byteFallback: boolean): (word: string) => readonly number[] {
  const { unknownId } = scored;
  const byteIds = byteFallback
    ? Array.from({ length: 256 }, (_, byte) => pieceIdOf(scored, Buffer.from(bytePiece(byte))))
    : [];
  const idsOfUnknown = (bytes: Uint8Array): readonly number[] => {
    const id = pieceIdOf(scored, bytes);
    if (id !== undefined) return [id];
    const found = Array.from(bytes).flatMap((byte) => byteIds[byte] ?? []);
    return found.length === bytes.length ? found : [unknownId];
  };
  return (word) => {
    const bytes = Buffer.from(word);
    const { ids, ends } = bestPath(scored, bytes);
    if (ends === undefined) return ids;
    let start = 0;
    return ids.flatMap((id, index) => {
      if (id === unknownId && ids[index + 1] === unknownId) return [];
      const text = bytes.subarray(start, ends[index]);
      start = ends[index] ?? bytes.length;
      return id === unknownId ? idsOfUnknown(text) : id;
    });
  };
}

/**
 * Ids of added tokens in a text, and the normalised text between them. As
 * AddedVocabulary::extract_and_normalize.
 */
function addedTokenSplitter({
  added,
  replaced = [],
  normalize,
}: UnigramParts): (text: string) => (number | TextPiece)[] {
  const tokens = [...added.values()];
  const ids = new Map(Array.from(added, ([id, token]) => [token, id]));
  // A token that changes this flag is then searched in both texts.
  const searched = (normalized: boolean): readonly AddedToken[] => {
    const forms = [...replaced, ...tokens].filter((token) => token.normalized === normalized);
    const contents = new Set(forms.map(({ content }) => content));
    return tokens.filter(({ content }) => contents.has(content));
  };
  const before = tokenMatcher(searched(false));
  const after = tokenMatcher(searched(true), (token) => normalize(token.content));
  const split = (matcher: typeof before, { text, first }: TextPiece): (number | TextPiece)[] => {
    const parts: (number | TextPiece)[] = [];
    let done = 0;
    for (const { start, end, token } of matchesOf(matcher, text)) {
      const id = ids.get(token);
      if (
        id === undefined ||
        (token.singleWord &&
          (endsWord.test(text.slice(Math.max(0, start - 2), start)) ||
            startsWord.test(text.slice(end, end + 2))))
      )
        continue;
      const from = token.lstrip
        ? Math.max(done, start - (spacesAtEnd.exec(text.slice(0, start))?.[0].length ?? 0))
        : start;
      const to = token.rstrip ? end + (spacesAtStart.exec(text.slice(end))?.[0].length ?? 0) : end;
      if (from > done) parts.push({ text: text.slice(done, from), first: first && done === 0 });
      parts.push(id);
      done = to;
    }
    if (done < text.length) parts.push({ text: text.slice(done), first: first && done === 0 });
    return parts;
  };
  return (text) =>
    split(before, { text, first: true }).flatMap((part) =>
      typeof part === 'number' ? [part] : split(after, { ...part, text: normalize(part.text) }),
    );
}

/** `\w` and `\s` as Rust's regex has them. */
const endsWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const startsWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const spacesAtStart = /^\p{White_Space}+/u;
const spacesAtEnd = /\p{White_Space}+$/u;
