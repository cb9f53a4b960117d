import { hashCombineOf } from '../tensor/ops/random.ts';
import type { Scores } from './logits-processors.ts';

/**
 * A token by its probability, softmax of the scores. The draw is a function of (seed, row, step) alone, so
 * that a row's sample does not depend on its neighbours or on how rows are put into batches.
 */
export function draw(scores: Scores, seed: number, row: number, step: number): number {
  const most = scores[highest(scores)] ?? 0;
  let total = 0;
  for (const score of scores) total += Math.exp(score - most);
  let left = uniform(seed, row, step) * total;
  let last = 0;
  for (let token = 0; token < scores.length; token += 1) {
    const weight = Math.exp((scores[token] ?? -Infinity) - most);
    if (weight === 0) continue;
    last = token;
    left -= weight;
    if (left < 0) return token;
  }
  // Rounding left a remainder: the last token that can be drawn.
  return last;
}

/** The token with the highest score; the lower id among equals. */
export function highest(scores: Scores): number {
  let best = 0;
  for (let token = 1; token < scores.length; token += 1)
    if ((scores[token] ?? 0) > (scores[best] ?? 0)) best = token;
  return best;
}

/** A number in [0, 1) with 53 random bits. */
function uniform(seed: number, row: number, step: number): number {
  const bits = [row, step].reduce(hashCombineOf, hashCombineOf(0, seed | 0));
  return ((hashCombineOf(bits, 1) >>> 5) * 2 ** 26 + (hashCombineOf(bits, 2) >>> 6)) / 2 ** 53;
}
