import { randomBelow } from './counter-random.ts';
import { mean } from './mean.ts';
import { normalQuantile, studentQuantile } from './student-quantile.ts';

/**
 * How the bounds of a mean were found; see `estimate`. `range`: they are the smallest and the greatest row.
 */
export type IntervalMethod = 'wilson' | 'student-t' | 'bootstrap-t' | 'range';

/**
 * A corpus score: the mean of its rows, and a 95 % interval of the mean that other rows of the kind would
 * have.
 */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** How many rows it is the mean of. */
  readonly rows: number;
  readonly method: IntervalMethod;
}

/** What a row's value is: one of 0 and 1, or any number between them, or any number. */
export type Scale = 'proportion' | 'share' | 'unbounded';

export interface Resampling {
  readonly seed: number;
  /** How many resampled corpora; 1,000 by default (rouge_score's BootstrapAggregator takes as many). */
  readonly resamples?: number;
}

/**
 * For every score that the rows have, its estimate; nothing for no rows. Scores without a scale are shares.
 */
export function corpusScores(
  rows: readonly Readonly<Record<string, number>>[],
  resampling: Resampling & { readonly scales?: Readonly<Record<string, Scale>> },
): Readonly<Record<string, Estimate>> {
  const names = Object.keys(rows[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const column = rows.map((row) => row[name] ?? Number.NaN);
      return [name, estimate(column, resampling.scales?.[name] ?? 'share', resampling)];
    }),
  );
}

/**
 * The mean of the rows' values with a 95 % interval. Proportions get Wilson's score interval (E. B. Wilson,
 * "Probable inference", 1927), which is never empty at 0 and 1; so do shares that are equal in all rows,
 * since no mean of shares varies more than a proportion. Other values get Student's t interval with fewer
 * than 30 rows, else the bootstrap-t interval (B. Efron, R. J. Tibshirani, "An Introduction to the
 * Bootstrap", 1993, chapter 12). Fewer than ten rows that are not proportions are too few to estimate their
 * spread: their bounds are the least and the greatest value. The order of the values does not matter. NaN for
 * no values.
 */
export function estimate(values: readonly number[], scale: Scale, resampling: Resampling): Estimate {
  const rows = values.length;
  const as = (method: IntervalMethod, [low, high]: Bounds): Estimate => ({
    mean: mean(values),
    ...within(scale, low, high),
    rows,
    method,
  });
  const sorted = Float64Array.from(values).sort();
  // The sum of the sorted values, so that no bound depends on the order of the rows, not even in its last
  // bit.
  const center = mean([...sorted]);
  const [least, greatest] = [sorted[0] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
  if (scale === 'proportion') return as('wilson', wilsonInterval(center, rows));
  if (rows < leastRows) return as('range', [least, greatest]);
  if (least === greatest)
    return scale === 'share' ? as('wilson', wilsonInterval(center, rows)) : as('range', [least, greatest]);
  const error = standardError(sorted);
  if (rows < bootstrapRows) {
    const reach = studentQuantile(rows - 1) * error;
    return as('student-t', [center - reach, center + reach]);
  }
  const [low, high] = bootstrapT(sorted, error, resampling);
  return as('bootstrap-t', [center - high * error, center - low * error]);
}

/** Fewer rows, unless they are proportions, have no interval. */
export const leastRows = 10;

const bootstrapRows = 30;

type Bounds = readonly [low: number, high: number];

const within = (scale: Scale, low: number, high: number): { readonly low: number; readonly high: number } =>
  scale === 'unbounded' ? { low, high } : { low: Math.max(0, low), high: Math.min(1, high) };

/** E. B. Wilson's score interval, by default of 95 %. `rows` may be fractional: an effective number. */
export function wilsonInterval(share: number, rows: number, z: number = normalQuantile): Bounds {
  const square = z ** 2;
  const center = share + square / (2 * rows);
  const reach = z * Math.sqrt((share * (1 - share)) / rows + square / (4 * rows ** 2));
  const scale = 1 + square / rows;
  return [share === 0 ? 0 : (center - reach) / scale, share === 1 ? 1 : (center + reach) / scale];
}

/** Of the mean. */
function standardError(values: Float64Array): number {
  const center = mean([...values]);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/**
 * The 2.5 % and 97.5 % quantiles of how many of its own standard errors a resampled mean is off. To the
 * variance of each resample one row's share of the sample's is added: a resample of equal rows would be off
 * by infinitely many.
 */
function bootstrapT(sorted: Float64Array, error: number, { seed, resamples = 1000 }: Resampling): Bounds {
  const rows = sorted.length;
  const center = mean([...sorted]);
  const floor = error ** 2 / rows;
  const off = Float64Array.from({ length: resamples }, (_, resample) => {
    const rowOf = randomBelow(rows, seed, resample);
    let [sum, squares] = [0, 0];
    for (let draw = 0; draw < rows; draw += 1) {
      const distance = (sorted[rowOf(draw)] as number) - center; // in range
      sum += distance;
      squares += distance * distance;
    }
    const variance = Math.max(0, squares - (sum * sum) / rows) / (rows - 1) / rows;
    return sum / rows / Math.sqrt(variance + floor);
  }).sort();
  return [quantile(off, 0.025), quantile(off, 0.975)];
}

/** Linear between the two nearest of the sorted values: numpy's default. */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
