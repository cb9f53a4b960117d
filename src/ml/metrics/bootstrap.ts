import { randomBelow } from './counter-random.ts';
import { mean } from './mean.ts';

/** A corpus score with the bounds of its confidence interval. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface Resampling {
  readonly seed: number;
  /** How many resampled corpora; 1,000 unless told (rouge_score's BootstrapAggregator takes as many). */
  readonly resamples?: number;
  /** Share of resampled corpora whose mean lies between the bounds; 0.95 unless told. */
  readonly confidence?: number;
}

/** For every score that the rows have, its corpus mean and interval; nothing for no rows. All see the same resampled corpora. */
export function corpusScores(
  rows: readonly Readonly<Record<string, number>>[],
  resampling: Resampling,
): Readonly<Record<string, Estimate>> {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [
      name,
      bootstrapEstimate(
        rows.map((row) => row[name] ?? Number.NaN),
        resampling,
      ),
    ]),
  );
}

/**
 * The mean of the rows' values with a percentile interval: rows are drawn with replacement as often as there are rows, and
 * the bounds are quantiles of the means (B. Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979). The same
 * seed gives the same interval. NaN for no values.
 */
export function bootstrapEstimate(
  values: readonly number[],
  { seed, resamples = 1000, confidence = 0.95 }: Resampling,
): Estimate {
  const column = Float64Array.from(values);
  const means = Float64Array.from({ length: resamples }, (_, resample) =>
    resampledMean(column, seed, resample),
  ).sort();
  return {
    mean: mean(values),
    low: quantile(means, (1 - confidence) / 2),
    high: quantile(means, (1 + confidence) / 2),
  };
}

function resampledMean(values: Float64Array, seed: number, resample: number): number {
  let sum = 0;
  for (let draw = 0; draw < values.length; draw += 1)
    sum += values[randomBelow(values.length, seed, resample, draw)] as number; // in range
  return sum / values.length;
}

/** Linear between the two nearest of the sorted values: numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
