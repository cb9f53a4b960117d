import type { HostValue, Runtime } from '../runtime/runtime.ts';
import { divide, maximum, multiply, sqrt, square } from '../tensor/ops/elementwise.ts';
import { reduceSum } from '../tensor/ops/layout.ts';
import { matmul } from '../tensor/ops/matmul.ts';
import { reduceMax } from '../tensor/ops/reduction.ts';
import { input } from '../tensor/ops/source.ts';
import type { Graph, Node } from '../tensor/node.ts';

/** How well the tokens of two texts match. */
export interface BertScore {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** A text's vectors, [tokens, width], and the share of each token, adding up to 1. */
export interface WeightedTokens {
  readonly vectors: Float32Array;
  readonly weights: Float32Array;
  /**
   * Whether bert_score would pad the text to the longest of its batch: it gives padding the similarity 0,
   * which then is the best that a token with nothing but opposites finds.
   */
  readonly padded: boolean;
}

export interface Matcher {
  (candidate: WeightedTokens, reference: WeightedTokens): Promise<BertScore>;
  release(): Promise<void>;
}

/**
 * Greedy matching: each token takes the similarity of the most similar token on the other side. Precision is
 * over the candidate's tokens, recall over the reference's; F1 is 0 where both are.
 */
export async function openMatcher(runtime: Runtime, width: number): Promise<Matcher> {
  const session = await runtime.open({ entries: { match: matchingGraph(width) } });
  const match = async (candidate: WeightedTokens, reference: WeightedTokens): Promise<BertScore> => {
    const outputs = await session.run('match', {
      candidate: vectors(candidate, width),
      'candidate.weights': weights(candidate),
      'candidate.floor': floor(candidate),
      reference: vectors(reference, width),
      'reference.weights': weights(reference),
      'reference.floor': floor(reference),
    });
    const [precision, recall] = [scalar(outputs['precision']), scalar(outputs['recall'])];
    const f1 = (2 * precision * recall) / (precision + recall);
    return { precision, recall, f1: Number.isNaN(f1) ? 0 : f1 };
  };
  return Object.assign(match, { release: () => session.release() });
}

function matchingGraph(width: number): Graph {
  const [candidate, reference] = [
    unit(input('candidate', 'float32', ['candidate', width])),
    unit(input('reference', 'float32', ['reference', width])),
  ];
  const similarity = matmul(candidate, reference, { transposeB: true });
  const [best, bestBack] = [
    maximum(reduceMax(similarity, [1]), input('reference.floor', 'float32', [])),
    maximum(reduceMax(similarity, [0]), input('candidate.floor', 'float32', [])),
  ];
  return {
    outputs: { precision: weightedMean(best, 'candidate'), recall: weightedMean(bestBack, 'reference') },
  };
}

const weightedMean = (best: Node, side: 'candidate' | 'reference'): Node =>
  reduceSum(multiply(best, input(`${side}.weights`, 'float32', [side])));

const unit = (x: Node): Node => divide(x, sqrt(reduceSum(square(x), [-1], true)));

const vectors = ({ vectors: data, weights: { length } }: WeightedTokens, width: number): HostValue => ({
  dtype: 'float32',
  shape: [length, width],
  data,
});

const weights = ({ weights: data }: WeightedTokens): HostValue => ({
  dtype: 'float32',
  shape: [data.length],
  data,
});

/** The least similarity that the tokens of the other side find here; no cosine is below -1. */
const floor = ({ padded }: WeightedTokens): HostValue => ({
  dtype: 'float32',
  shape: [],
  data: Float32Array.of(padded ? 0 : -2),
});

const scalar = (value: HostValue | undefined): number => Number(value?.data[0] ?? Number.NaN);
