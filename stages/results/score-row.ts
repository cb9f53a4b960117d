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
  /** Whether some of its results were adopted: existing files that no run computed. */
  readonly adopted: boolean;
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
  readonly adopted?: true;
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
  const [summaryOf, lossesOf] = [foundByAxes(trainings), foundByAxes(validations)];
  const groups = new Map<string, readonly Axed<Evaluation>[]>();
  for (const evaluation of evaluations) {
    const { seed: _seed, ...point } = evaluation.axes;
    const id = JSON.stringify(point);
    groups.set(id, [...(groups.get(id) ?? []), evaluation]);
  }
  const rows = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const known = group.flatMap(({ axes }) => {
      const [summary, losses] = [summaryOf(axes), lossesOf(axes)];
      return summary === undefined ? [] : [{ summary, losses }];
    });
    const { seed: _seed, ...axes } = first.axes;
    return [
      {
        axes,
        dataset: datasetOf(first.axes),
        model: modelOf(first.axes),
        evaluations: group.map(({ content }) => content),
        trainings: known.map(({ summary, losses }): Training => ({
          axes: summary.axes,
          summary: summary.content,
          validation: losses?.content ?? [],
        })),
        adopted: [...group, ...known.flatMap(({ summary, losses }) => [summary, losses])].some(
          (result) => result?.adopted,
        ),
      },
    ];
  });
  return rows.sort((a, b) => byName(a.dataset, b.dataset) || byName(a.model, b.model));
}

/**
 * Finds the result that agrees with some axes on all of its own: an evaluation may have more than its
 * training.
 */
export function foundByAxes<T>(results: readonly Axed<T>[]): (axes: Gathered['axes']) => Axed<T> | undefined {
  const byNames = new Map<
    string,
    { readonly names: readonly string[]; readonly found: Map<string, Axed<T>> }
  >();
  for (const result of results) {
    const names = Object.keys(result.axes).sort();
    const group = byNames.get(names.join()) ?? { names, found: new Map<string, Axed<T>>() };
    group.found.set(shared(result.axes, names), result);
    byNames.set(names.join(), group);
  }
  return (axes) =>
    [...byNames.values()]
      .map(({ names, found }) => found.get(shared(axes, names)))
      .find((result) => result !== undefined);
}

const shared = (axes: Gathered['axes'], names: readonly string[]): string =>
  JSON.stringify(names.map((name) => axes[name] ?? null));

/** gs_2 before gs_10. */
export const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The axis "dataset", or none. */
const datasetOf = (axes: Gathered['axes']): string => labelOf(axes['dataset'] ?? '');

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

export function labelOf(value: Value): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value) && 'name' in value) return labelOf(value['name'] ?? '');
  return Object.entries(value)
    .map(([name, part]) => `${name}=${labelOf(part)}`)
    .join(',');
}
