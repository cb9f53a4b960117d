import { randomBits } from './counter-random.ts';
import { type Estimate, leastRows } from './estimate.ts';
import { mean } from './mean.ts';

/** How much higher the second of two models scores on the same rows, and how certain that is. */
export interface PairedComparison extends Omit<Estimate, 'method'> {
  /**
   * `range`: fewer than ten rows, or rows that all differ by the same, give no interval; the bounds are the
   * smallest and the greatest difference.
   */
  readonly method: 'randomization' | 'range';
  /** How probable a difference at least this great would be, either way, if the models were alike. */
  readonly pValue: number;
  /**
   * The mean difference in standard deviations of the rows' differences: Cohen's d_z. Null where all are
   * equal.
   */
  readonly effectSize: number | null;
  /**
   * The difference that this many rows of this spread would show in four of five experiments (80 % power at 5
   * %). Null where all rows differ by the same, or there is one: no spread is known.
   */
  readonly detectable: number | null;
}

export interface RandomizationTest {
  readonly seed: number;
  /** How many random sign patterns to try if there are more; 10,000 by default. */
  readonly trials?: number;
}

/**
 * Compares two models by their scores of the same rows. The p-value is that of approximate randomization: the
 * two scores of each row are swapped or not by chance (E. W. Noreen, "Computer-Intensive Methods for Testing
 * Hypotheses", 1989), with (more + 1) / (trials + 1), so it is never 0; where `trials` reach for all
 * patterns, each is tried once, and the p-value is that of the exact test. The 95 % interval holds the
 * differences that the same test, with the same patterns, does not reject at 5 %: so it leaves out 0 exactly
 * where p is below 0.05. The order of the rows does not count. Lists of different lengths are a bug of the
 * caller.
 */
export function pairedComparison(
  first: readonly number[],
  second: readonly number[],
  { seed, trials = 10_000 }: RandomizationTest,
): PairedComparison {
  if (first.length !== second.length)
    throw new RangeError(`scores of ${first.length} and of ${second.length} rows cannot be paired`);
  const differences = Float64Array.from(first, (value, row) => (second[row] ?? Number.NaN) - value).sort();
  const rows = differences.length;
  const center = mean([...differences]);
  const deviation = Math.sqrt(
    differences.reduce((sum, value) => sum + (value - center) ** 2, 0) / (rows - 1),
  );
  const { low, high, pValue } = randomization(differences, signPatterns(rows, seed, trials));
  const isSpread = isSpreadOut(differences);
  const isInterval = rows >= leastRows && isSpread;
  return {
    mean: center,
    low: isInterval ? low : (differences[0] ?? Number.NaN),
    high: isInterval ? high : (differences.at(-1) ?? Number.NaN),
    rows,
    method: isInterval ? 'randomization' : 'range',
    pValue,
    effectSize: isSpread ? center / deviation : null,
    detectable: isSpread ? (powerQuantiles * deviation) / Math.sqrt(rows) : null,
  };
}

/** Whether the differences, in order, differ by more than rounding. */
function isSpreadOut(sorted: Float64Array): boolean {
  const [least, greatest] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  return greatest - least > 1e-9 * Math.max(Math.abs(least), Math.abs(greatest));
}

/** The normal quantiles of 97.5 % and of 80 %, added. */
const powerQuantiles = 1.959963984540054 + 0.8416212335729143;

/**
 * P-values of several comparisons made together, so adjusted that the chance of any p below 5 % by luck alone
 * stays at 5 % (S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", 1979), in the order
 * given.
 */
export function holmAdjusted(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => (pValues[a] ?? 0) - (pValues[b] ?? 0));
  const adjusted = [...pValues];
  let greatest = 0;
  order.forEach((index, rank) => {
    greatest = Math.max(greatest, Math.min(1, (pValues.length - rank) * (pValues[index] ?? 0)));
    adjusted[index] = greatest;
  });
  return adjusted;
}

/**
 * For a supposed difference δ the test compares |Σ(d − δ)| with |Σ±(d − δ)|. With the sums S and n of all d
 * and of all ones, and s and b of both by a pattern's signs, a pattern is at least as extreme for the δ from
 * the smaller to the greater of (S − s) / (n − b) and (S + s) / (n + b), so p rises from both sides to the
 * mean, and its bounds are order statistics.
 */
function randomization(
  differences: Float64Array,
  { trials, bits }: SignPatterns,
): { readonly low: number; readonly high: number; readonly pValue: number } {
  const rows = differences.length;
  const sum = differences.reduce((total, difference) => total + difference, 0);
  const rounding =
    1e-12 *
    Math.max(
      Math.abs(sum),
      differences.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
  // Sums that are equal but for the order of rounding count as equal.
  const exact = (value: number): number => (Math.abs(value) <= rounding ? 0 : value);
  const [lows, highs] = [new Float64Array(trials), new Float64Array(trials)];
  for (let trial = 0; trial < trials; trial += 1) {
    const { signed, signs } = signedSums(differences, (word) => bits(trial, word));
    const same = signs === rows || signs === -rows;
    const bounds = [exact(sum - signed) / (rows - signs), exact(sum + signed) / (rows + signs)];
    lows[trial] = same ? -Infinity : Math.min(...bounds);
    highs[trial] = same ? Infinity : Math.max(...bounds);
  }
  const extreme = (sum >= 0 ? lows : highs).filter((bound) => (sum >= 0 ? bound <= 0 : bound >= 0)).length;
  lows.sort();
  highs.sort();
  // The fewest extreme patterns with which 5 % are reached.
  const rank = Math.max(1, Math.ceil(0.05 * (trials + 1)) - 1);
  return {
    low: lows[rank - 1] ?? Number.NaN,
    high: highs[trials - rank] ?? Number.NaN,
    pValue: (extreme + 1) / (trials + 1),
  };
}

/**
 * Patterns of signs, a bit a row; the one that swaps no row is the observation itself, and is not among them.
 */
interface SignPatterns {
  readonly trials: number;
  /** 32 rows a word. */
  readonly bits: (trial: number, word: number) => number;
}

/** All patterns, each once, or this many random ones. */
function signPatterns(rows: number, seed: number, trials: number): SignPatterns {
  const others = 2 ** rows - 1;
  return others <= trials
    ? { trials: others, bits: (trial) => trial + 1 }
    : { trials, bits: (trial, word) => randomBits(seed, trial, word) };
}

/** Swapping a row's scores turns the sign of its difference. */
function signedSums(
  differences: Float64Array,
  wordOf: (word: number) => number,
): { readonly signed: number; readonly signs: number } {
  let signed = 0;
  let signs = 0;
  let bits = 0;
  for (let row = 0; row < differences.length; row += 1) {
    bits = row % 32 === 0 ? wordOf(row >>> 5) : bits >>> 1;
    const sign = (bits & 1) === 0 ? 1 : -1;
    signed += sign * (differences[row] as number); // in range
    signs += sign;
  }
  return { signed, signs };
}
