import { shuffledIndices } from './shuffle.ts';

/** Row indices of two parts, in the order in which the parts hold them. */
export interface Split {
  readonly heldOut: readonly number[];
  readonly kept: readonly number[];
}

/** A test split: the share is rounded up, as scikit-learn's train_test_split and datasets' do (30,366 rows at 0.1 give 3,037). */
export const testSplit = (count: number, fraction: number, seed: number): Split =>
  holdOut(count, Math.ceil(count * fraction), seed);

/** A validation split: the share is rounded down, as `int(len(rows) * fraction)`. */
export const validationSplit = (count: number, fraction: number, seed: number): Split =>
  holdOut(count, Math.floor(count * fraction), seed);

/**
 * Holds out `size` of `count` rows: in Python, `random.Random(seed).shuffle(rows)`, then `rows[:size]` and `rows[size:]`.
 * Held out may be all or none of them. Also how a sample is drawn: the held-out part is one.
 */
export function holdOut(count: number, size: number, seed: number): Split {
  const shuffled = shuffledIndices(count, seed);
  return { heldOut: shuffled.slice(0, size), kept: shuffled.slice(size) };
}
