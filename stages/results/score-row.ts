import type { Gathered, Value } from '../../src/stage/context.ts';
import type { Evaluation, TrainingSummary } from './evaluation.ts';

/** One evaluated model, or several that differ in nothing but their seed. */
export interface ScoreRow {
  readonly dataset: string;
  /** The label of the grid point: "full", "gs_1". */
  readonly model: string;
  readonly evaluations: readonly Evaluation[];
  readonly validationLosses: readonly number[];
}

/** How one result of a stage is found among those of another: its axes. */
export interface Axed<T> {
  readonly axes: Gathered['axes'];
  readonly content: T;
}

/** Joins evaluations with the trainings they belong to, seeds of one point together, in the order of their names. */
export function scoreRows(
  evaluations: readonly Axed<Evaluation>[],
  trainings: readonly Axed<TrainingSummary>[],
): readonly ScoreRow[] {
  const summaries = new Map(trainings.map(({ axes, content }) => [JSON.stringify(axes), content]));
  const groups = new Map<string, readonly Axed<Evaluation>[]>();
  for (const evaluation of evaluations) {
    const { seed: _seed, ...point } = evaluation.axes;
    const id = JSON.stringify(point);
    groups.set(id, [...(groups.get(id) ?? []), evaluation]);
  }
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const losses = group.map(({ axes }) => summaries.get(JSON.stringify(axes))?.best_validation_loss ?? null);
    return [
      {
        dataset: datasetOf(first.axes),
        model: modelOf(first.axes),
        evaluations: group.map(({ content }) => content),
        validationLosses: losses.filter((loss) => loss !== null),
      },
    ];
  });
  return rows.sort((a, b) => byName(a.dataset, b.dataset) || byName(a.model, b.model));
}

/** gs_2 before gs_10. */
export const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The axis "dataset", or none. */
export const datasetOf = (axes: Gathered['axes']): string => labelOf(axes['dataset'] ?? '');

/** The labels of all axes but the dataset and the seed: one for the axis "config", joined where there are more. */
export function modelOf(axes: Gathered['axes']): string {
  const labels = Object.entries(axes)
    .filter(([name]) => name !== 'dataset' && name !== 'seed')
    .map(([, value]) => labelOf(value));
  return labels.length === 0 ? 'model' : labels.join(', ');
}

/** The mean of a score over the seeds. */
export const meanOf = (row: ScoreRow, score: (evaluation: Evaluation) => number): number =>
  mean(row.evaluations.map(score));

/** The sample standard deviation of a score over the seeds; undefined for one seed. */
export const deviationOf = (row: ScoreRow, score: (evaluation: Evaluation) => number): number | undefined =>
  deviation(row.evaluations.map(score));

/** The mean validation loss over the seeds; undefined where a training had no validation split. */
export const validationLossOf = (row: ScoreRow): number | undefined =>
  row.validationLosses.length === 0 ? undefined : mean(row.validationLosses);

/**
 * The best point of each dataset's grid, by validation loss, never by a test score. Grid points are those whose label
 * starts with the prefix.
 */
export function bestOfGrids(rows: readonly ScoreRow[], prefix: string): ReadonlySet<ScoreRow> {
  const best = new Map<string, ScoreRow>();
  for (const row of rows) {
    const loss = validationLossOf(row);
    if (loss === undefined || !row.model.startsWith(prefix)) continue;
    const rival = best.get(row.dataset);
    if (rival === undefined || loss < (validationLossOf(rival) ?? Infinity)) best.set(row.dataset, row);
  }
  return new Set(best.values());
}

function labelOf(value: Value): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value) && 'name' in value) return labelOf(value['name'] ?? '');
  return Object.entries(value)
    .map(([name, part]) => `${name}=${labelOf(part)}`)
    .join(',');
}

/** NaN for no values. */
export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The sample standard deviation; undefined for fewer than two values. */
export function deviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}
