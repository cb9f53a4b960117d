import type { Gathered, Value } from '../../src/stage/context.ts';
import type { Evaluation, TrainingSummary, ValidationRow } from './evaluation.ts';

/** One evaluated model, or several that differ in nothing but their seed. */
export interface ScoreRow {
  /** Without the seed. */
  readonly axes: Gathered['axes'];
  readonly dataset: string;
  /** The label of the grid point: "full", "gs_1". */
  readonly model: string;
  readonly evaluations: readonly Evaluation[];
  /** The trainings of the same models, where they are known. */
  readonly trainings: readonly Training[];
}

export interface Training {
  readonly summary: TrainingSummary;
  /** The seed among them. */
  readonly axes: Gathered['axes'];
  /** The losses of its validation rows; empty where they were not gathered. */
  readonly validation: readonly ValidationRow[];
}

/** How one result of a stage is found among those of another: its axes. */
export interface Axed<T> {
  readonly axes: Gathered['axes'];
  readonly content: T;
}

/**
 * Joins evaluations with the trainings they belong to, seeds of one point together, in the order of their
 * names.
 */
export function scoreRows(
  evaluations: readonly Axed<Evaluation>[],
  trainings: readonly Axed<TrainingSummary>[],
  validations: readonly Axed<readonly ValidationRow[]>[] = [],
): readonly ScoreRow[] {
  const [summaries, losses] = [byAxes(trainings), byAxes(validations)];
  const groups = new Map<string, readonly Axed<Evaluation>[]>();
  for (const evaluation of evaluations) {
    const { seed: _seed, ...point } = evaluation.axes;
    const id = JSON.stringify(point);
    groups.set(id, [...(groups.get(id) ?? []), evaluation]);
  }
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const known = group.flatMap(({ axes }): readonly Training[] => {
      const summary = summaries.get(JSON.stringify(axes));
      return summary === undefined
        ? []
        : [{ axes, summary, validation: losses.get(JSON.stringify(axes)) ?? [] }];
    });
    const { seed: _seed, ...axes } = first.axes;
    return [
      {
        axes,
        dataset: datasetOf(first.axes),
        model: modelOf(first.axes),
        evaluations: group.map(({ content }) => content),
        trainings: known,
      },
    ];
  });
  return rows.sort((a, b) => byName(a.dataset, b.dataset) || byName(a.model, b.model));
}

const byAxes = <T>(results: readonly Axed<T>[]): ReadonlyMap<string, T> =>
  new Map(results.map(({ axes, content }) => [JSON.stringify(axes), content]));

/** gs_2 before gs_10. */
export const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The axis "dataset", or none. */
export const datasetOf = (axes: Gathered['axes']): string => labelOf(axes['dataset'] ?? '');

/**
 * The labels of all axes but the dataset and the seed: one for the axis "config", joined where there are
 * more.
 */
export function modelOf(axes: Gathered['axes']): string {
  const labels = Object.entries(axes)
    .filter(([name]) => name !== 'dataset' && name !== 'seed')
    .map(([, value]) => labelOf(value));
  return labels.length === 0 ? 'model' : labels.join(', ');
}

function labelOf(value: Value): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value) && 'name' in value) return labelOf(value['name'] ?? '');
  return Object.entries(value)
    .map(([name, part]) => `${name}=${labelOf(part)}`)
    .join(',');
}
