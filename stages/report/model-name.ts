import type { Value } from '../../src/stage/context.ts';
import { byName, labelOf } from '../results/score-row.ts';

type Axes = Readonly<Record<string, Value>>;

/** What the page calls one result of a kind: "model[aimc,lora]", by the labels of its axes. */
export function nameOf(kind: 'model' | 'data', axes: Axes): string {
  const labels = Object.values(labelsOf(axes));
  return labels.length === 0 ? kind : `${kind}[${labels.join(',')}]`;
}

/** By axis: the data set first, the seed last. */
export const labelsOf = (axes: Axes): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(axes)
      .map(([name, value]) => [name, labelOf(value)] as const)
      .sort(([a], [b]) => placeOf(a) - placeOf(b)),
  );

const placeOf = (axis: string): number => (axis === 'dataset' ? 0 : axis === 'seed' ? 2 : 1);

/** In the order of their names. */
export const byInstance = <T extends { readonly instance: string }>(results: readonly T[]): readonly T[] =>
  results.toSorted((a, b) => byName(a.instance, b.instance));
