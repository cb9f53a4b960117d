import { csvField } from '../formats/csv-field.ts';
import type { BestPoints } from '../results/best-points.ts';
import type { RowScore } from '../../src/ml/metrics/over-seeds.ts';
import type { ScoreRow } from '../results/score-row.ts';
import { type Score, scores, selectionScore, withoutLeaked } from '../results/scores.ts';
import { roundHalfEven } from './round-half-even.ts';

/**
 * A line of collated_metrics.json and .csv. First the columns of the original experiment (`log_file` is
 * empty: an evaluation leaves no log file), then for every score its column, and `_low`, `_high`, `_method`
 * and `_std` (over seeds) beside it: all that the tables and the page show.
 */
export type CollatedMetrics = Readonly<Record<string, string | number | boolean | null>>;

/** The columns and the rounding of the original experiment, and all that is known beside them. */
export function collatedMetrics(
  rows: readonly ScoreRow[],
  { best, tied }: Pick<BestPoints, 'best' | 'tied'>,
): readonly CollatedMetrics[] {
  const all = scores();
  const leakFree = rows.map(withoutLeaked);
  const hasLeaks = leakFree.some((row) => row !== undefined);
  return rows.map((row, place) => {
    const found = all.map(({ column, of }) => ({ column, score: of(row) }));
    const valueOf = (name: string) => rounded(found.find(({ column }) => column === name)?.score?.value);
    const selection = selectionScore(row);
    return {
      dataset: row.dataset,
      model_type: row.model,
      log_file: '',
      ...Object.fromEntries(originalScores.map((name) => [name, valueOf(name)])),
      profile: 'reference',
      rows: row.evaluations[0]?.num_samples ?? 0,
      seeds: row.evaluations.length,
      best_of_grid: best.has(row),
      tied_with_best: tied.has(row),
      adopted: row.adopted,
      selection_loss: rounded(selection?.value),
      ...spreadOf('selection_loss', selection),
      validation_rows: row.trainings[0]?.summary.validation_rows ?? null,
      ...Object.assign(
        {},
        ...found.map(({ column, score }) => ({
          ...(isOriginal(column) ? {} : { [column]: rounded(score?.value) }),
          ...spreadOf(column, score),
        })),
      ),
      ...(hasLeaks ? leakFreeColumns(all, leakFree[place]) : {}),
    };
  });
}

/** The scores that are shown, of the test rows that no training row gives away. */
function leakFreeColumns(all: readonly Score[], row: ScoreRow | undefined): CollatedMetrics {
  return Object.assign(
    { without_leaked_rows: row?.evaluations[0]?.num_samples ?? null },
    ...all
      .filter(({ shown }) => shown)
      .map(({ column, of }) => {
        const score = row && of(row);
        const name = `without_leaked_${column}`;
        return { [name]: rounded(score?.value), ...spreadOf(name, score) };
      }),
  );
}

const originalScores = ['rouge1', 'rouge2', 'rougeL', 'f1', 'bertscore_f1', 'exact_match'] as const;

const isOriginal = (column: string): boolean => originalScores.some((name) => name === column);

const rounded = (value: number | undefined): number | null =>
  value === undefined || Number.isNaN(value) ? null : roundHalfEven(value, 4);

const spreadOf = (column: string, score: RowScore | undefined): CollatedMetrics => ({
  [`${column}_low`]: rounded(score?.interval?.[0]),
  [`${column}_high`]: rounded(score?.interval?.[1]),
  [`${column}_method`]: score?.method ?? null,
  [`${column}_std`]: rounded(score?.deviation),
});

/** RFC 4180 with a header line; unknown values are empty. */
export function csvOf(lines: readonly CollatedMetrics[]): string {
  const [first] = lines;
  if (first === undefined) return '';
  const rows = [
    Object.keys(first),
    ...lines.map((line) => Object.values(line).map((value) => (value === null ? '' : String(value)))),
  ];
  return rows.map((fields) => `${fields.map(csvField).join(',')}\n`).join('');
}
