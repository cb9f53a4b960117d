import type { Value } from './context.ts';

/**
 * The criterion for the best instance of a stage: `best` of the pipeline file, which a stage receives where a
 * param refers to it as `${best}`.
 */
export interface Best {
  /** A stage, its out and a number in that out: "train.summary.selection_loss". */
  readonly by: string;
  readonly goal: 'min' | 'max';
  /** There is one best for each combination of values of these axes; without them one of all instances. */
  readonly within?: readonly string[];
}

/** An instance with the number that it is ranked by. */
export interface Ranked {
  readonly axes: Readonly<Record<string, Value>>;
  readonly value: number | bigint;
}

/** Instances that are ranked together. */
export interface RankedGroup<T> {
  readonly members: readonly T[];
  /** Several where they are equal, or repetitions of one point. */
  readonly best: readonly T[];
}

/**
 * The best instances of each group. Instances that differ only in the axis `seed` are repetitions of one
 * point: they are ranked by their mean, since the best of many seeds is the luckiest. NaN is never the best.
 */
export function bestWithin<T extends Ranked>(
  instances: readonly T[],
  { goal, within = [] }: Pick<Best, 'goal' | 'within'>,
): readonly RankedGroup<T>[] {
  return groupedBy(instances, ({ axes }) => within.map((axis) => axes[axis] ?? null)).map((members) => {
    const points = groupedBy(members, ({ axes: { seed: _seed, ...point } }) => point)
      .map((repetitions) => ({ repetitions, value: mean(repetitions.map(({ value }) => value)) }))
      .filter(({ value }) => !Number.isNaN(value));
    const [first] = points;
    if (first === undefined) return { members, best: [] };
    const best = points.reduce(
      (found, { value }) => ((goal === 'min' ? value < found : value > found) ? value : found),
      first.value,
    );
    return {
      members,
      best: points.filter(({ value }) => value === best).flatMap(({ repetitions }) => repetitions),
    };
  });
}

/** In the order of their first members. */
function groupedBy<T>(members: readonly T[], by: (member: T) => Value): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const name = orderless(by(member));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [member]);
    else group.push(member);
  }
  return [...groups.values()];
}

/** JSON with the names of maps sorted: two blocks of a matrix may write one map in different orders. */
const orderless = (value: Value): string =>
  JSON.stringify(value, (_, part: Value) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** A single integer beyond 2^53 keeps its digits. */
function mean(values: readonly (number | bigint)[]): number | bigint {
  const [first, ...others] = values;
  return first !== undefined && others.length === 0
    ? first
    : values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;
}
