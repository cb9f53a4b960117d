import { estimate, type IntervalMethod, type Scale } from '../../src/ml/metrics/estimate.ts';
import { mean } from '../../src/ml/metrics/mean.ts';
import {
  type MetricName,
  metricNames,
  metricTable,
  textMetricNames,
} from '../../src/ml/metrics/metric-table.ts';
import { sampleDeviation, seedInterval } from '../../src/ml/metrics/seed-interval.ts';
import type { Evaluation, ValidationRow } from './evaluation.ts';
import type { ScoreRow } from './score-row.ts';

/** A score of a row of the tables: of one model, or over the seeds of a point. */
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

/** What the bounds beside scores are, for the notes of tables. */
export function boundsText(found: readonly (RowScore | undefined)[]): string {
  const ranges = found.filter((score) => score?.method === 'range').length;
  const intervals = found.filter((score) => score?.interval !== undefined).length - ranges;
  if (ranges === 0) return '95 % interval';
  const range = 'range of the rows (fewer than 10, too few for an interval)';
  return intervals === 0 ? range : `95 % interval, or the ${range}`;
}

/** A score of the files and tables. */
export interface Score {
  /** The column of the files. */
  readonly column: string;
  /** For people. */
  readonly title: string;
  /** Whether it is a column of the table that a run ends with. */
  readonly shown: boolean;
  readonly of: (row: ScoreRow) => RowScore | undefined;
}

/**
 * In the order of tables and files: the multilingual profile, the reference profile, facts, whole corpora.
 */
export const scores = (): readonly Score[] => [
  ...textMetricNames().map((name) =>
    profileScore('multilingual', name, metricTable[name].shown, ({ multilingual }) => multilingual[name]),
  ),
  ...metricNames().map((name) =>
    profileScore('metrics', name, name === 'bertscore_f1', ({ metrics }) => metrics[name]),
  ),
  {
    column: 'slots',
    title: 'slots',
    shown: true,
    of: ({ evaluations }) =>
      overSeeds(evaluations, 'share', ({ slot_mean }) =>
        slot_mean === undefined
          ? undefined
          : { value: slot_mean.mean, interval: [slot_mean.low, slot_mean.high], ...slot_mean },
      ),
  },
  ...(['bleu', 'chrf'] as const).map((name) => ({
    column: name,
    title: name === 'bleu' ? 'BLEU' : 'chrF',
    shown: false,
    of: (row: ScoreRow) =>
      overSeeds(row.evaluations, 'unbounded', (evaluation) => ({
        value: evaluation.corpus[name],
        interval: undefined,
        method: undefined,
        rows: evaluation.num_samples,
      })),
  })),
];

const profileScore = (
  profile: keyof Evaluation['intervals'],
  name: MetricName,
  shown: boolean,
  valueOf: (evaluation: Evaluation) => number,
): Score => ({
  column: profile === 'multilingual' ? `multilingual_${name}` : name,
  title: metricTable[name].title,
  shown,
  of: ({ evaluations }) =>
    overSeeds(evaluations, metricTable[name].scale, (evaluation) => ({
      value: valueOf(evaluation),
      interval: evaluation.intervals[profile][name],
      method: evaluation.interval_methods[profile][name],
      rows: evaluation.num_samples,
    })),
});

/**
 * The row with the scores of the test rows that no training row gives away; undefined where no test row is
 * given away, or it is not known.
 */
export function withoutLeaked(row: ScoreRow): ScoreRow | undefined {
  const rest = row.evaluations.flatMap(({ without_leaked, ...all }) =>
    without_leaked === undefined || without_leaked === null || without_leaked.num_samples === all.num_samples
      ? []
      : [{ ...all, ...without_leaked }],
  );
  return rest.length === 0 || rest.length < row.evaluations.length
    ? undefined
    : { ...row, evaluations: rest };
}

/** The loss of a label token on the validation rows; undefined where a training had none. */
export function selectionScore({ trainings }: ScoreRow): RowScore | undefined {
  return overSeeds(trainings, 'unbounded', ({ summary, validation }) => {
    const { selection_loss, untrained_loss, validation_rows } = summary;
    const loss = selection_loss ?? untrained_loss;
    if (loss === undefined) return undefined;
    const found =
      validation.length === 0 ? undefined : estimate(lossShares(validation), 'unbounded', { seed: 0 });
    return {
      value: loss,
      interval: found === undefined ? undefined : [found.low, found.high],
      method: found?.method,
      rows: validation_rows,
    };
  });
}

/** The losses of validation rows, each so scaled that their mean is the loss of a label token. */
export function lossShares(rows: readonly ValidationRow[]): readonly number[] {
  const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
  return rows.map(({ loss }) => (loss * rows.length) / tokens);
}

type KnownScore = Omit<RowScore, 'deviation' | 'method'> & { readonly method: IntervalMethod | undefined };

/** The mean over the seeds that have the score; undefined where none has it. */
function overSeeds<T>(
  seeds: readonly T[],
  scale: Scale,
  of: (seed: T) => KnownScore | undefined,
): RowScore | undefined {
  const found = seeds.flatMap((seed) => of(seed) ?? []);
  const [first] = found;
  if (first === undefined) return undefined;
  const { rows } = first;
  if (found.length === 1)
    return { value: first.value, interval: first.interval, method: first.method, rows, deviation: undefined };
  const values = found.map(({ value }) => value);
  return { value: mean(values), ...boundsOverSeeds(found, scale), rows, deviation: sampleDeviation(values) };
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
