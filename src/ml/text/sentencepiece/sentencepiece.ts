import type { Result } from '../../../result.ts';
import { bestPath } from './best-path.ts';
import { readModelProto } from './model-proto.ts';
import { type Normalizer, normalizeBytes, readNormalizer } from './normalizer.ts';
import { decodeUtf8 } from './utf8.ts';
import { pieceId, pieceOf, readVocabulary, type Vocabulary } from './vocabulary.ts';

/** A unigram model of sentencepiece, ready to encode and decode. */
export interface SentencePiece {
  readonly vocabulary: Vocabulary;
  readonly normalizer: Normalizer;
  readonly denormalizer: Normalizer | undefined;
  /** What an unknown id is decoded to. */
  readonly unknownSurface: string;
}

/**
 * One piece of a text: its id and its text. The text of an unknown piece is its part of the normalised text.
 */
export interface Piece {
  readonly id: number;
  readonly text: string;
}

/** Reads a `.model` file. A damaged or truncated file, or one that is not a unigram model, is an error. */
export function readSentencePiece(bytes: Uint8Array): Result<SentencePiece> {
  const proto = readModelProto(bytes);
  if (!proto.ok) return proto;
  const { whitespaceAsSuffix, unknownSurface } = proto.value;
  const vocabulary = readVocabulary(proto.value);
  if (!vocabulary.ok) return vocabulary;
  const normalizer = readNormalizer(proto.value.normalizer, {
    verbatim: vocabulary.value.userDefined,
    whitespaceAsSuffix,
  });
  if (!normalizer.ok) return normalizer;
  const spec = proto.value.denormalizer;
  const denormalizer = spec && readNormalizer(spec, { verbatim: undefined, whitespaceAsSuffix: false });
  if (denormalizer?.ok === false) return denormalizer;
  return {
    ok: true,
    value: {
      vocabulary: vocabulary.value,
      normalizer: normalizer.value,
      denormalizer: denormalizer?.value,
      unknownSurface,
    },
  };
}

/** Ids of a text's pieces, as `sp.encode(text)`. A lone surrogate counts as U+FFFD. */
export function encodeIds(model: SentencePiece, text: string): readonly number[] {
  const normalized = normalizeBytes(model.normalizer, new TextEncoder().encode(text));
  const path = bestPath(model.vocabulary, normalized);
  if (path.ends === undefined) return path.ids;
  const ids: number[] = [];
  walk(model, normalized, path.ids, path.ends, (id) => ids.push(id));
  return ids;
}

/** Pieces of a text, as `sp.encode(text, out_type=str)` with their ids. */
export function encodePieces(model: SentencePiece, text: string): Piece[] {
  const normalized = normalizeBytes(model.normalizer, new TextEncoder().encode(text));
  const path = bestPath(model.vocabulary, normalized);
  if (path.ends === undefined) return path.ids.map((id) => ({ id, text: pieceOf(model.vocabulary, id) }));
  const pieces: Piece[] = [];
  walk(model, normalized, path.ids, path.ends, (id, start, end) => {
    pieces.push({
      id,
      text:
        id === model.vocabulary.unknownId
          ? decodeUtf8(normalized.subarray(start, end))
          : pieceOf(model.vocabulary, id),
    });
  });
  return pieces;
}

/** The normalised form of a text, as `sp.normalize(text)`. */
export const normalizeText = (model: SentencePiece, text: string): string =>
  decodeUtf8(normalizeBytes(model.normalizer, new TextEncoder().encode(text)));

/** Text of ids, as `sp.decode(ids)`. Ids are the model's own: another is a bug of the caller. */
export const decodeIds = (model: SentencePiece, ids: readonly number[]): string =>
  decodePieces(
    model,
    ids.map((id) => pieceOf(model.vocabulary, id)),
  );

/**
 * The text of pieces, as `sp.decode(pieces)`: a string that is not a piece of the model is kept unchanged.
 */
export function decodePieces(
  { vocabulary, normalizer, denormalizer, unknownSurface }: SentencePiece,
  pieces: readonly string[],
): string {
  let text = '';
  let bytes: number[] = [];
  let trimming = normalizer.addDummyPrefix || normalizer.removeExtraWhitespaces;
  const endBytes = () => {
    text += decodeUtf8(Uint8Array.from(bytes));
    bytes = [];
  };
  for (const piece of pieces) {
    const id = pieceId(vocabulary, piece);
    const type = vocabulary.types[id];
    if (type === 'byte') {
      bytes.push(Number.parseInt(piece.slice(1), 16));
      continue;
    }
    if (bytes.length > 0) endBytes();
    if (text !== '') trimming = false;
    if (type === 'control') continue;
    if (type === 'unknown') {
      text += piece === vocabulary.pieces[id] ? unknownSurface : piece;
      continue;
    }
    const starts = trimming && piece.startsWith(escapedSpace);
    text += (starts ? piece.slice(1) : piece).replaceAll(escapedSpace, ' ');
    // Where spaces are not trimmed, one is: the dummy prefix.
    if (starts && !normalizer.removeExtraWhitespaces) trimming = false;
  }
  endBytes();
  return denormalizer === undefined
    ? text
    : decodeUtf8(normalizeBytes(denormalizer, new TextEncoder().encode(text)));
}

const escapedSpace = '\u2581';

/**
 * Emits the pieces of a path through a normalised text, with the start and end of each. Neighbouring unknown
 * characters are one piece; with byte fallback, each of their bytes is a piece (which ends where it starts).
 */
function walk(
  { vocabulary }: SentencePiece,
  normalized: Uint8Array,
  ids: readonly number[],
  ends: readonly number[],
  visit: (id: number, start: number, end: number) => void,
): void {
  const { unknownId, byteIds } = vocabulary;
  let start = 0;
  for (let index = 0; index < ids.length; index += 1) {
    const id = ids[index] ?? unknownId;
    const end = ends[index] ?? start;
    if (id === unknownId && byteIds !== undefined) {
      for (const byte of normalized.subarray(start, end)) visit(byteIds[byte] ?? unknownId, start, start);
    } else if (id !== unknownId || ids[index + 1] !== unknownId) {
      visit(id, start, end);
    } else {
      continue;
    }
    start = end;
  }
}
