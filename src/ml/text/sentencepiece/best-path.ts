// Indices are in range by construction in this file: positions lie between 0 and the text's length, ids come
// from the trie.
import type { ByteTrie } from './byte-trie.ts';
import { claimedLength } from './utf8.ts';

/** The pieces that a text can be cut into, and what each adds to the score of a path that takes it. */
export interface ScoredPieces {
  readonly trie: ByteTrie;
  readonly scores: Float64Array;
  /** What a character adds that no piece holds, and the id it gets. */
  readonly unknownScore: number;
  readonly unknownId: number;
  /** How the score of a path is kept: sentencepiece does so in float32, tokenizers in float64. */
  readonly precision: 'float32' | 'float64';
  readonly scratch: PathScratch;
}

/**
 * What a search writes for each place of a text, used again for the next one: a corpus is millions of short
 * texts.
 */
export interface PathScratch {
  readonly scores: Float64Array;
  readonly starts: Int32Array;
  readonly ids: Int32Array;
}

/** Scratch for texts of up to so many bytes; longer ones get their own. */
export const pathScratch = (size = 1 << 16): PathScratch => ({
  scores: new Float64Array(size + 1),
  starts: new Int32Array(size + 1),
  ids: new Int32Array(size + 1),
});

/** A text cut into pieces. */
export interface Segmentation {
  readonly ids: readonly number[];
  /**
   * Where each piece ends in the text's bytes; undefined if none is unknown, since the pieces' texts give the
   * lengths.
   */
  readonly ends: readonly number[] | undefined;
}

/**
 * The segmentation with the best total score, a character that no piece holds being one unknown piece. The
 * path of sentencepiece's optimised encoder (unigram::Model::EncodeOptimized), which tokenizers has too
 * (Unigram::encode_optimized, 0.22): among equals the first found stays, which is the one that starts first.
 * Scores are rounded before they are compared, as sentencepiece 0.2.3 does: up to 0.2.1 it compared them in
 * float64, and so broke ties otherwise.
 */
export function bestPath(pieces: ScoredPieces, text: Uint8Array): Segmentation {
  const size = text.length;
  const path = size < pieces.scratch.starts.length ? pieces.scratch : pathScratch(size);
  findPath(pieces, text, path);
  return walkBack(path, size, pieces.unknownId);
}

function findPath(
  { trie, scores, unknownScore, unknownId, precision }: ScoredPieces,
  text: Uint8Array,
  { scores: bestScores, starts, ids }: PathScratch,
): void {
  const size = text.length;
  const { cells } = trie;
  const isSingle = precision === 'float32';
  starts.fill(-1, 0, size + 1);
  bestScores[0] = 0;
  for (let start = 0; start < size;) {
    const soFar = bestScores[start] as number;
    const single = Math.min(start + claimedLength(text[start] as number), size);
    let hasSingle = false;
    let node = 0;
    for (let end = start + 1; end <= size; end += 1) {
      // As childOf, without a call.
      const child = (cells[node] as number) + ((text[end - 1] as number) << 2);
      if (cells[child + 1] !== node) break;
      node = child;
      const id = cells[node + 2] as number;
      if (id === -1) continue;
      const sum = (scores[id] as number) + soFar;
      const score = isSingle ? Math.fround(sum) : sum;
      if (starts[end] === -1 || score > (bestScores[end] as number)) {
        bestScores[end] = score;
        starts[end] = start;
        ids[end] = id;
      }
      if (end === single) hasSingle = true;
    }
    if (!hasSingle) {
      const sum = unknownScore + soFar;
      const score = isSingle ? Math.fround(sum) : sum;
      if (starts[single] === -1 || score > (bestScores[single] as number)) {
        bestScores[single] = score;
        starts[single] = start;
        ids[single] = unknownId;
      }
    }
    start = single;
  }
}

function walkBack({ starts, ids }: PathScratch, size: number, unknownId: number): Segmentation {
  let count = 0;
  let hasUnknown = false;
  for (let end = size; end > 0; end = starts[end] as number) {
    count += 1;
    hasUnknown ||= ids[end] === unknownId;
  }
  const pathIds: number[] = [];
  pathIds.length = count;
  const pathEnds: number[] | undefined = hasUnknown ? [] : undefined;
  for (let end = size; end > 0; end = starts[end] as number) {
    count -= 1;
    pathIds[count] = ids[end] as number;
    if (pathEnds !== undefined) pathEnds[count] = end;
  }
  return { ids: pathIds, ends: pathEnds };
}
