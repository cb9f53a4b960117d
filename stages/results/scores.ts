import { estimate, type Scale } from '../../src/ml/metrics/estimate.ts';
import {
  type MetricName,
  metricNames,
  metricTable,
  textMetricNames,
} from '../../src/ml/metrics/metric-table.ts';
import { type KnownScore, overSeeds, type RowScore } from '../../src/ml/metrics/over-seeds.ts';
import type { Evaluation, ValidationRow } from './evaluation.ts';
import type { ScoreRow } from './score-row.ts';

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
      overRow(evaluations, 'share', ({ slot_mean }) =>
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
      overRow(row.evaluations, 'unbounded', (evaluation) => ({
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
    overRow(evaluations, metricTable[name].scale, (evaluation) => ({
      value: valueOf(evaluation),
      interval: evaluation.intervals[profile][name],
      method: evaluation.interval_methods[profile][name],
      rows: evaluation.num_samples,
    })),
});

/**
 * The row with the scores of the test rows that no training row leaks; undefined if no test row is leaked, or
 * that is unknown.
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
  return overRow(trainings, 'unbounded', ({ summary, validation }) => {
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

/** Over the seeds that have the score; undefined where none has it. */
const overRow = <T>(
  seeds: readonly T[],
  scale: Scale,
  of: (seed: T) => KnownScore | undefined,
): RowScore | undefined =>
  overSeeds(
    seeds.flatMap((seed) => of(seed) ?? []),
    scale,
  );
