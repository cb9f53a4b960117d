import type { Result } from '../../../result.ts';
import { pathScratch, type ScoredPieces } from './best-path.ts';
import { buildByteTrie, type ByteTrie, idOf } from './byte-trie.ts';
import { damagedModel } from './damaged-model.ts';
import type { ModelProto, PieceType } from './model-proto.ts';
import { bytePiece, pieceProblem, shownPiece } from './piece-problem.ts';

/**
 * The pieces of a model, and how they are found: those in `trie` in a text, and their scores make its best
 * path.
 */
export interface Vocabulary extends ScoredPieces {
  /** Text of each piece, by id. */
  readonly pieces: readonly string[];
  readonly types: readonly PieceType[];
  /** The id of the piece of each byte; none without byte fallback. */
  readonly byteIds: readonly number[] | undefined;
  /** Pieces that are not found in a text: unknown, control, byte and unused ones. */
  readonly named: ReadonlyMap<string, number>;
  /** Only user-defined pieces; undefined if there are none. */
  readonly userDefined: ByteTrie | undefined;
}

/** The text of a piece. An id that is not the model's is a bug of the caller. */
export function pieceOf({ pieces }: Vocabulary, id: number): string {
  const piece = pieces[id];
  if (piece === undefined)
    throw new RangeError(`id ${id} is outside the vocabulary of ${pieces.length} pieces`);
  return piece;
}

/**
 * The id of a piece; control pieces and their like take precedence, and a text that is not a piece is
 * unknown. As PieceToId of sentencepiece 0.2.
 */
export function pieceId(vocabulary: Vocabulary, piece: string): number {
  const named = vocabulary.named.get(piece);
  if (named !== undefined) return named;
  const id = idOf(vocabulary.trie, Buffer.from(piece));
  return id === -1 ? vocabulary.unknownId : id;
}

/**
 * Checks a unigram model's pieces and makes them ready to be found. As ModelInterface::InitializePieces and
 * unigram::Model of sentencepiece 0.2.
 */
export function readVocabulary(proto: ModelProto): Result<Vocabulary> {
  const problem = pieceProblem(proto);
  if (problem !== undefined) return damagedModel(problem);
  const { types } = proto;
  const pieces = proto.pieces.map((bytes) =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
  );
  const idsOf = (...wanted: readonly PieceType[]): number[] =>
    types.flatMap((type, id) => (wanted.includes(type) ? [id] : []));
  const twice = (first: number, second: number) =>
    damagedModel(`${shownPiece(proto, first)} occurs twice, again as piece ${second}`);

  const named = new Map<string, number>();
  for (const id of idsOf('unknown', 'control', 'byte', 'unused')) {
    const piece = pieces[id] ?? '';
    const other = named.get(piece);
    // A piece that is not used may share its text with a control piece, which then has the name.
    if (other !== undefined && (types[id] === 'unused') === (types[other] === 'unused'))
      return twice(other, id);
    if (other === undefined || types[other] === 'unused') named.set(piece, id);
  }

  const bytesOf = (id: number): Uint8Array => proto.pieces[id] ?? new Uint8Array(0);
  const trieOf = (ids: readonly number[]) => buildByteTrie(ids.map((id) => [bytesOf(id), id]));
  const userIds = idsOf('user-defined');
  const found = trieOf(idsOf('normal', 'user-defined'));
  const user = trieOf(userIds);
  if (found === undefined || user === undefined)
    return {
      ok: false,
      error:
        'the sentencepiece model is too large: its pieces have more than 16 million different beginnings',
    };
  if (found.duplicate !== undefined) return twice(found.duplicate.first, found.duplicate.second);
  const unused = idsOf('unused').find((id) => idOf(found.trie, bytesOf(id)) !== -1);
  if (unused !== undefined) return twice(idOf(found.trie, bytesOf(unused)), unused);

  const unknownId = types.indexOf('unknown');
  const byteIds = proto.byteFallback
    ? Array.from({ length: 256 }, (_, byte) => named.get(bytePiece(byte)) ?? unknownId)
    : undefined;
  return {
    ok: true,
    value: {
      pieces,
      types,
      ...scoresOf(proto),
      scratch: pathScratch(),
      unknownId,
      byteIds,
      trie: found.trie,
      named,
      userDefined: userIds.length > 0 ? user.trie : undefined,
    },
  };
}

/**
 * User-defined pieces do not have the score of the file but one derived from their length in bytes: better
 * than any normal piece's, which are logarithms (measured on sentencepiece 0.2.3; up to 0.2.1 it was -0.1 for
 * any length). An unknown character has the worst score of a normal piece less 10.
 */
function scoresOf({
  pieces,
  scores,
  types,
}: ModelProto): Pick<Vocabulary, 'scores' | 'unknownScore' | 'precision'> {
  const worst = scores.reduce(
    (least, score, id) => (types[id] === 'normal' ? Math.min(least, score) : least),
    3.4028234663852886e38,
  );
  const bonus = (id: number): number => Math.fround(0.1 * (pieces[id]?.length ?? 0) - 0.1);
  return {
    scores: Float64Array.from(scores, (score, id) => (types[id] === 'user-defined' ? bonus(id) : score)),
    unknownScore: Math.fround(worst - 10),
    precision: 'float32',
  };
}
