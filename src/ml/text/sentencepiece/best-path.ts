// Indices are in range by construction in this file: positions lie between 0 and the text's length, ids come
// from the trie.
import { type ByteTrie, childOf } from './byte-trie.ts';
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
}

/** A text cut into pieces: the id of each, and where it ends in the text's bytes. */
export interface Segmentation {
  readonly ids: readonly number[];
  readonly ends: readonly number[];
}

/**
 * The segmentation with the best total score, a character that no piece holds being one unknown piece. The
 * path of sentencepiece's optimised encoder (unigram::Model::EncodeOptimized), which tokenizers has too
 * (Unigram::encode_optimized, 0.22): among equals the first found stays, which is the one that starts first.
 * Scores are rounded before they are compared, as sentencepiece 0.2.3 does: up to 0.2.1 it compared them in
 * float64, and so broke ties otherwise.
 */
export function bestPath(
  { trie, scores, unknownScore, unknownId, precision }: ScoredPieces,
  text: Uint8Array,
): Segmentation {
  const size = text.length;
  const kept = precision === 'float32' ? Math.fround : (score: number): number => score;
  const bestScores = precision === 'float32' ? new Float32Array(size + 1) : new Float64Array(size + 1);
  const starts = new Int32Array(size + 1).fill(-1);
  const ids = new Int32Array(size + 1);
  for (let start = 0; start < size;) {
    const soFar = bestScores[start] as number;
    const single = Math.min(start + claimedLength(text[start] as number), size);
    let hasSingle = false;
    let node = 0;
    for (let end = start + 1; end <= size; end += 1) {
      node = childOf(trie, node, text[end - 1] as number);
      if (node === -1) break;
      const id = trie.ids[node] as number;
      if (id === -1) continue;
      const score = kept((scores[id] as number) + soFar);
      if (starts[end] === -1 || score > (bestScores[end] as number)) {
        bestScores[end] = score;
        starts[end] = start;
        ids[end] = id;
      }
      if (end === single) hasSingle = true;
    }
    if (!hasSingle) {
      const score = kept(unknownScore + soFar);
      if (starts[single] === -1 || score > (bestScores[single] as number)) {
        bestScores[single] = score;
        starts[single] = start;
        ids[single] = unknownId;
      }
    }
    start = single;
  }
  return walkBack(starts, ids, size);
}

function walkBack(starts: Int32Array, ids: Int32Array, size: number): Segmentation {
  const pathIds: number[] = [];
  const pathEnds: number[] = [];
  for (let end = size; end > 0; end = starts[end] as number) {
    pathIds.push(ids[end] as number);
    pathEnds.push(end);
  }
  return { ids: pathIds.reverse(), ends: pathEnds.reverse() };
}
