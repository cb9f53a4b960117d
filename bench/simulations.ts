import { randomBits } from '../src/ml/metrics/counter-random.ts';
import { estimate } from '../src/ml/metrics/estimate.ts';
import { mean } from '../src/ml/metrics/mean.ts';
import { holmAdjusted, pairedComparison } from '../src/ml/metrics/paired-comparison.ts';

/** How often intervals of proportions hold the truth, by exact probabilities. */
export interface ProportionCoverage {
  readonly mean: number;
  /** At the worst of the proportions. */
  readonly least: number;
}

/** Over proportions from 0.5 to 0.99, each as likely. */
export function proportionCoverage(rows: number): ProportionCoverage {
  const intervals = Array.from({ length: rows + 1 }, (_, right) =>
    estimate(
      Array.from({ length: rows }, (__, row) => Number(row < right)),
      'proportion',
      { seed: 1 },
    ),
  );
  const coverages = Array.from({ length: 50 }, (_, step) => {
    const p = 0.5 + step / 100;
    return intervals.reduce(
      (sum, { low, high }, right) => sum + (low <= p && p <= high ? binomial(right, rows, p) : 0),
      0,
    );
  });
  return { mean: mean(coverages), least: Math.min(...coverages) };
}

function binomial(right: number, rows: number, p: number): number {
  let log = right * Math.log(p) + (rows - right) * Math.log(1 - p);
  for (let k = 1; k <= right; k += 1) log += Math.log((rows - right + k) / k);
  return Math.exp(log);
}

/** A distribution of rows' scores, and its mean. */
export interface ScoreShape {
  readonly name: string;
  /** Rows from which on the coverage is promised. */
  readonly from: number;
  readonly truth: number;
  readonly draw: (uniform: () => number) => number;
}

export const scoreShapes: readonly ScoreShape[] = [
  { name: 'even', from: 20, truth: 0.5, draw: (uniform) => uniform() },
  { name: 'bell-shaped', from: 20, truth: 0.5, draw: (uniform) => (uniform() + uniform() + uniform()) / 3 },
  { name: 'skewed', from: 30, truth: 5 / 6, draw: (uniform) => uniform() ** 0.2 },
  { name: 'U-shaped', from: 30, truth: 0.5, draw: (uniform) => Math.sin((Math.PI / 2) * uniform()) ** 2 },
  { name: 'mostly right', from: 30, truth: 0.9, draw: (uniform) => (uniform() < 0.8 ? 1 : uniform()) },
];

export interface Trials {
  readonly trials: number;
  readonly resamples: number;
}

/** The share of drawn samples whose interval holds the true mean. */
export function meanCoverage(
  { truth, draw }: ScoreShape,
  rows: number,
  { trials, resamples }: Trials,
): number {
  let held = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    let counter = 0;
    const uniform = (): number => randomBits(rows, trial, counter++) / 2 ** 32;
    const values = Array.from({ length: rows }, () => draw(uniform));
    const { low, high } = estimate(values, 'share', { seed: trial, resamples });
    held += Number(low <= truth && truth <= high);
  }
  return held / trials;
}

/** The share of experiments in which some two of several equal models seem to differ. */
export interface FalseFindings {
  /** Some p below 0.05. */
  readonly raw: number;
  /** Some p below 0.05 once all are adjusted by Holm's method. */
  readonly adjusted: number;
}

/** Experiments of equal models, all pairs compared. */
export function falseFindings(models: number, rows: number, experiments: number): FalseFindings {
  let [raw, adjusted] = [0, 0];
  for (let experiment = 0; experiment < experiments; experiment += 1) {
    const scores = Array.from({ length: models }, (_, model) =>
      Array.from({ length: rows }, (__, row) => randomBits(experiment, model, row) / 2 ** 32),
    );
    const pValues = scores.flatMap((first, index) =>
      scores
        .slice(index + 1)
        .map((second) => pairedComparison(first, second, { seed: 1, trials: 1000 }).pValue),
    );
    raw += Number(pValues.some((p) => p < 0.05));
    adjusted += Number(holmAdjusted(pValues).some((p) => p < 0.05));
  }
  return { raw: raw / experiments, adjusted: adjusted / experiments };
}
