import type { Result } from '../../../result.ts';
import { type FieldValue, visitFields } from './protobuf.ts';

/**
 * The type of a piece: only normal ones have a score of their own; unused ones keep their id but never match
 * in a text.
 */
export type PieceType = 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';

/** How text is rewritten before it is cut into pieces (or after pieces are joined, for a denormalizer). */
export interface NormalizerSpec {
  readonly charMap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

/**
 * The content of the `.model` file of a unigram model, as far as encoding and decoding need it; defaults are
 * filled in.
 */
export interface ModelProto {
  /** UTF-8 of each piece, by id. */
  readonly pieces: readonly Uint8Array[];
  readonly scores: Float32Array;
  readonly types: readonly PieceType[];
  readonly normalizer: NormalizerSpec;
  readonly denormalizer: NormalizerSpec | undefined;
  readonly byteFallback: boolean;
  readonly whitespaceAsSuffix: boolean;
  /** What an unknown piece is decoded to. */
  readonly unknownSurface: string;
  /**
   * The trainer's settings: the converter of transformers believes them, sentencepiece the types of the
   * pieces.
   */
  readonly unknownId: number;
  readonly endPiece: string;
  readonly padPiece: string;
}

/**
 * Reads a sentencepiece `.model` of a unigram model; one of another type is refused by the name of that.
 * Source: sentencepiece_model.proto of sentencepiece 0.2.
 */
export function readModelProto(bytes: Uint8Array): Result<ModelProto> {
  const pieces: Piece[] = [];
  const trainer: Mutable<Trainer> = {
    modelType: 1,
    byteFallback: false,
    whitespaceAsSuffix: false,
    unknownSurface: ' \u2047 ',
    unknownId: 0,
    endPiece: '</s>',
    padPiece: '<pad>',
  };
  const normalizer: Mutable<NormalizerSpec> = defaultNormalizer();
  const denormalizer: Mutable<NormalizerSpec> = defaultNormalizer();
  const problems: string[] = [];
  const seen = new Set<number>();
  const inside = (what: string, result: Result<unknown>) => {
    if (!result.ok) problems.push(`${what}: ${result.error}`);
  };
  const read = visitFields(bytes, (field, value) => {
    if (value.wire !== 'bytes') return;
    seen.add(field);
    if (field === 1) inside(`piece ${pieces.length}`, readPiece(value.bytes, pieces));
    if (field === 2) inside('the trainer settings', readTrainer(value.bytes, trainer));
    if (field === 3) inside('the normalizer', readNormalizer(value.bytes, normalizer));
    if (field === 5) inside('the denormalizer', readNormalizer(value.bytes, denormalizer));
  });
  const problem = problems[0] ?? (read.ok ? undefined : read.error);
  if (problem !== undefined)
    return { ok: false, error: `not a sentencepiece model, or a damaged one: ${problem}` };
  if (pieces.length === 0)
    return { ok: false, error: 'not a sentencepiece model, or a damaged one: it holds no pieces' };
  // They follow the pieces: a file that was cut between two fields ends without them.
  if (!seen.has(2) || !seen.has(3))
    return {
      ok: false,
      error:
        `the sentencepiece model is cut off: it ends after ${pieces.length} pieces, without the ` +
        'settings that follow them',
    };
  const { modelType, ...settings } = trainer;
  const type = modelTypes[modelType] ?? 'unigram';
  if (type !== 'unigram')
    return {
      ok: false,
      error: `the sentencepiece model is of type ${type}: expected a unigram one, as T5 and mT5 have`,
    };
  return {
    ok: true,
    value: {
      ...settings,
      pieces: pieces.map((piece) => piece.bytes),
      scores: Float32Array.from(pieces, (piece) => piece.score),
      types: pieces.map((piece) => piece.type),
      normalizer,
      denormalizer: denormalizer.charMap.length > 0 ? denormalizer : undefined,
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Trainer = Pick<
  ModelProto,
  'byteFallback' | 'whitespaceAsSuffix' | 'unknownSurface' | 'unknownId' | 'endPiece' | 'padPiece'
> & { readonly modelType: number };
interface Piece {
  readonly bytes: Uint8Array;
  readonly score: number;
  readonly type: PieceType;
}

/** Index 0 is the default, which protobuf uses for an enum value that the format does not define. */
const modelTypes = ['unigram', 'unigram', 'bpe', 'word', 'char'] as const;
const pieceTypes = ['normal', 'normal', 'unknown', 'control', 'user-defined', 'unused', 'byte'] as const;

const defaultNormalizer = (): NormalizerSpec => ({
  charMap: new Uint8Array(0),
  addDummyPrefix: true,
  removeExtraWhitespaces: true,
  escapeWhitespaces: true,
});

function readPiece(bytes: Uint8Array, pieces: Piece[]): Result<undefined> {
  let piece: Uint8Array = bytes.subarray(0, 0);
  let score = 0;
  let type: PieceType = 'normal';
  const read = visitFields(bytes, (field, value) => {
    if (field === 1 && value.wire === 'bytes') piece = value.bytes;
    if (field === 2 && value.wire === 'fixed32')
      score = new DataView(value.bytes.buffer, value.bytes.byteOffset).getFloat32(0, true);
    if (field === 3 && value.wire === 'varint') type = pieceTypes[value.number] ?? 'normal';
  });
  pieces.push({ bytes: piece, score, type });
  return read;
}

function readTrainer(bytes: Uint8Array, trainer: Mutable<Trainer>): Result<undefined> {
  return visitFields(bytes, (field, value) => {
    if (field === 3) trainer.modelType = numberOf(value);
    if (field === 24) trainer.whitespaceAsSuffix = numberOf(value) !== 0;
    if (field === 35) trainer.byteFallback = numberOf(value) !== 0;
    if (field === 40) trainer.unknownId = numberOf(value);
    if (field === 44) trainer.unknownSurface = textOf(value);
    if (field === 47) trainer.endPiece = textOf(value);
    if (field === 48) trainer.padPiece = textOf(value);
  });
}

function readNormalizer(bytes: Uint8Array, normalizer: Mutable<NormalizerSpec>): Result<undefined> {
  return visitFields(bytes, (field, value) => {
    if (field === 2 && value.wire === 'bytes') normalizer.charMap = value.bytes;
    if (field === 3) normalizer.addDummyPrefix = numberOf(value) !== 0;
    if (field === 4) normalizer.removeExtraWhitespaces = numberOf(value) !== 0;
    if (field === 5) normalizer.escapeWhitespaces = numberOf(value) !== 0;
  });
}

const numberOf = (value: FieldValue): number => (value.wire === 'varint' ? value.number : 0);
const textOf = (value: FieldValue): string =>
  value.wire === 'varint' ? '' : Buffer.from(value.bytes).toString();
