import { pairedComparison } from '../../src/ml/metrics/paired-comparison.ts';
import type { ValidationRow } from './evaluation.ts';
import { lossShares, selectionScore } from './scores.ts';
import type { ScoreRow } from './score-row.ts';

export interface BestPoints {
  /** The best point of each data set's grid. */
  readonly best: ReadonlySet<ScoreRow>;
  /** Points whose validation losses, row by row, could be as low as the best one's. */
  readonly tied: ReadonlySet<ScoreRow>;
  /** Points that were ranked together though they cannot be compared, in words. */
  readonly warnings: readonly string[];
}

/**
 * Chooses the best point of each data set's grid by the selection loss on validation rows, never by a test
 * score. Points of the grid are those whose label starts with the prefix; a model that was not trained is
 * none.
 */
export function bestPoints(rows: readonly ScoreRow[], gridPrefix: string): BestPoints {
  const candidates = rows.filter(isCandidate(gridPrefix));
  const [best, tied] = [new Set<ScoreRow>(), new Set<ScoreRow>()];
  const warnings: string[] = [];
  for (const dataset of new Set(candidates.map((row) => row.dataset))) {
    const points = candidates.filter((row) => row.dataset === dataset);
    const first = points.reduce((least, point) => (lossOf(point) < lossOf(least) ? point : least));
    best.add(first);
    for (const point of points) if (point !== first && isTied(first, point)) tied.add(point);
    warnings.push(...incomparable(dataset, points));
  }
  return { best, tied, warnings };
}

const isCandidate =
  (prefix: string) =>
  (row: ScoreRow): boolean =>
    row.model.startsWith(prefix) &&
    selectionScore(row) !== undefined &&
    row.trainings.some(({ summary: { steps } }) => steps > 0);

const lossOf = (row: ScoreRow): number => selectionScore(row)?.value ?? Infinity;

/**
 * Whether the 95 % interval of the paired difference of their rows' losses holds 0. Unknown without those
 * losses: no.
 */
function isTied(one: ScoreRow, other: ScoreRow): boolean {
  const [first, second] = [meanLosses(one), meanLosses(other)];
  const rows = [...first.keys()].filter((row) => second.has(row));
  if (rows.length === 0) return false;
  const [left, right] = [first, second].map((losses) => rows.map((row) => losses.get(row) ?? Number.NaN));
  return pairedComparison(left ?? [], right ?? [], { seed: 0 }).pValue >= 0.05;
}

/** Of each validation row, over the seeds. */
function meanLosses({ trainings }: ScoreRow): ReadonlyMap<number, number> {
  const known = trainings.filter(({ validation }) => validation.length > 0);
  const sums = new Map<number, number>();
  for (const { validation } of known) {
    const shares = lossShares(validation);
    validation.forEach(({ row }: ValidationRow, index) =>
      sums.set(row, (sums.get(row) ?? 0) + (shares[index] ?? Number.NaN) / known.length),
    );
  }
  return sums;
}

/**
 * Losses say which point is better only of one base, on the same validation rows, prompted and cut into
 * tokens alike.
 */
function incomparable(dataset: string, points: readonly ScoreRow[]): readonly string[] {
  const differing = (what: string, of: (row: ScoreRow) => readonly string[]): readonly string[] =>
    new Set(points.flatMap(of)).size > 1
      ? [
          `${dataset}: ${points.map(({ model }) => model).join(', ')} are ranked together, but differ in ${what}`,
        ]
      : [];
  return [
    ...differing('their base model', ({ trainings }) => trainings.map(({ summary }) => summary.base_model)),
    ...differing('their validation rows, prompt or tokenizer', ({ trainings }) =>
      trainings.map(({ summary }) => summary.validation_digest),
    ),
  ];
}
