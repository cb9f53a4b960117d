import { type Estimate, type Resampling, bootstrapEstimate } from './bootstrap.ts';
import { randomBits } from './counter-random.ts';

/** By how much the second of two models scores higher on the same rows, the bounds of that difference, and its significance. */
export interface PairedComparison extends Estimate {
  /** How probable a difference at least this great would be, either way, if it made no difference which model is which. */
  readonly pValue: number;
}

/**
 * Compares two models by their scores of the same rows in the same order. The interval is a paired bootstrap (P. Koehn,
 * "Statistical Significance Tests for Machine Translation Evaluation", 2004); the p-value is that of approximate
 * randomization, the two scores of each row swapped or not by chance (E. W. Noreen, "Computer-Intensive Methods for
 * Testing Hypotheses", 1989), with (more + 1) / (trials + 1), so it is never 0. Lists of different lengths are a bug of
 * the caller.
 */
export function pairedComparison(
  first: readonly number[],
  second: readonly number[],
  resampling: Resampling & { readonly trials?: number },
): PairedComparison {
  if (first.length !== second.length)
    throw new RangeError(`scores of ${first.length} and of ${second.length} rows cannot be paired`);
  const differences = first.map((value, row) => (second[row] ?? Number.NaN) - value);
  return {
    ...bootstrapEstimate(differences, resampling),
    pValue: randomizationPValue(Float64Array.from(differences), resampling.seed, resampling.trials ?? 10_000),
  };
}

function randomizationPValue(differences: Float64Array, seed: number, trials: number): number {
  // Sums that are equal but for the order of rounding count as equal.
  const observed = Math.abs(differences.reduce((sum, difference) => sum + difference, 0)) * (1 - 1e-12);
  let more = 0;
  for (let trial = 0; trial < trials; trial += 1)
    if (Math.abs(swappedSum(differences, seed, trial)) >= observed) more += 1;
  return (more + 1) / (trials + 1);
}

/** Swapping a row's scores turns the sign of its difference: one random bit a row. */
function swappedSum(differences: Float64Array, seed: number, trial: number): number {
  let sum = 0;
  let bits = 0;
  for (let row = 0; row < differences.length; row += 1) {
    bits = row % 32 === 0 ? randomBits(seed, trial, row >>> 5) : bits >>> 1;
    const difference = differences[row] as number; // in range
    sum += (bits & 1) === 0 ? difference : -difference;
  }
  return sum;
}
