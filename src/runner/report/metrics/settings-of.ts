import type { Value } from '../../../stage/context.ts';
import { flatParams } from './changed-params.ts';
import { type MeasuredInstance, metricNames } from './measured-instance.ts';

/** Params and the values of axes by names of their own. */
export interface Settings {
  readonly names: readonly string[];
  readonly of: (row: MeasuredInstance, name: string) => Value | undefined;
}

/**
 * A param, or a part of an axis that is a map (the instance's name already shows a single value), by its
 * path. Where a metric has the same name, or a param differs from an axis, its origin is prefixed:
 * params.loss.
 */
export function settingsOf(measured: readonly MeasuredInstance[]): Settings {
  const rows = new Map(
    measured.map((row) => {
      const points = Object.entries(row.axes).filter(
        ([, value]) => typeof value === 'object' && value !== null,
      );
      return [row, { axes: leavesOf(Object.fromEntries(points)), params: leavesOf(row.params) }] as const;
    }),
  );
  const taken = new Set(metricNames(measured));
  for (const { axes, params } of rows.values())
    for (const [name, value] of params)
      if (axes.has(name) && settingText(axes.get(name) ?? null) !== settingText(value)) taken.add(name);
  const named = new Map(
    [...rows].map(([row, { axes, params }]) => [
      row,
      new Map(
        [
          ...[...axes].map(([name, value]) => ['axes', name, value] as const),
          ...[...params].map(([name, value]) => ['params', name, value] as const),
        ].map(([from, name, value]) => [taken.has(name) ? `${from}.${name}` : name, value]),
      ),
    ]),
  );
  return {
    names: [...new Set([...named.values()].flatMap((row) => [...row.keys()]))],
    of: (row, name) => named.get(row)?.get(name),
  };
}

const leavesOf = (values: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> =>
  new Map([...flatParams(values)].filter(([name]) => name !== ''));

/** How a value is shown in a table. */
export const settingText = (value: Value | bigint): string =>
  typeof value === 'string' ? value : typeof value === 'bigint' ? String(value) : JSON.stringify(value);
