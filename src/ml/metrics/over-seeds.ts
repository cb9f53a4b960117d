import type { IntervalMethod, Scale } from './estimate.ts';
import { mean } from './mean.ts';
import { sampleDeviation, seedInterval } from './seed-interval.ts';

/** A score of a row of tables: of one model, or over the seeds of a point. */
export interface RowScore {
  readonly value: number;
  /** Undefined where no interval is known. */
  readonly interval: readonly [low: number, high: number] | undefined;
  /** `seeds and rows`: of several seeds, over both. */
  readonly method: IntervalMethod | 'seeds and rows' | undefined;
  /** Test rows, or validation rows, that it was counted on. */
  readonly rows: number;
  /** The sample standard deviation over the seeds; undefined for one seed. */
  readonly deviation: number | undefined;
}

/** The score of one seed's model. */
export type KnownScore = Omit<RowScore, 'deviation' | 'method'> & {
  readonly method: IntervalMethod | undefined;
};

/** The mean over seeds, which have the score of the same rows; undefined for no seed. */
export function overSeeds(seeds: readonly KnownScore[], scale: Scale): RowScore | undefined {
  const [first] = seeds;
  if (first === undefined) return undefined;
  const { value, interval, method, rows } = first;
  if (seeds.length === 1) return { value, interval, method, rows, deviation: undefined };
  const values = seeds.map((seed) => seed.value);
  return { value: mean(values), ...boundsOverSeeds(seeds, scale), rows, deviation: sampleDeviation(values) };
}

/** Of too few rows for an interval: the least and the greatest row of all seeds. */
function boundsOverSeeds(seeds: readonly KnownScore[], scale: Scale): Pick<RowScore, 'interval' | 'method'> {
  const known = seeds.flatMap(({ interval, ...score }) =>
    interval === undefined ? [] : [{ ...score, interval }],
  );
  if (known.length < seeds.length) return { interval: undefined, method: undefined };
  const bounds = known.flatMap(({ interval }) => interval);
  return known.some(({ method }) => method === 'range')
    ? { interval: [Math.min(...bounds), Math.max(...bounds)], method: 'range' }
    : { interval: seedInterval(known, scale), method: 'seeds and rows' };
}
