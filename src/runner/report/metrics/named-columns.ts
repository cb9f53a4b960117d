import type { Diagnostic } from '../../diagnostic.ts';
import { nearest } from '../../pipeline-file/nearest.ts';
import { listed } from '../../pipeline-file/vars/interpolate.ts';
import { type MeasuredInstance, metricNames } from './measured-instance.ts';
import { settingsOf } from './settings-of.ts';

/** By name or last part of the name. */
export const matching = (names: readonly string[], wanted: string): readonly string[] =>
  names.filter((name) => name === wanted || name.endsWith(`.${wanted}`));

/** Whether an instance has one of the requested metrics. */
export const hasColumn = ({ values }: MeasuredInstance, columns: readonly string[]): boolean =>
  columns.some((name) => matching(Object.keys(values), name).length > 0);

/** Requested columns that no instance has: reported, since they would otherwise be missing without notice. */
export function unknownColumns(
  measured: readonly MeasuredInstance[],
  columns: readonly string[],
  sort: string | undefined,
): readonly Diagnostic[] {
  if (measured.length === 0) return [];
  const metrics = metricNames(measured);
  const selected = [
    ...columns.map((name) => ({ name, known: metrics })),
    ...(sort === undefined ? [] : [{ name: sort, known: [...metrics, ...settingsOf(measured).names] }]),
  ];
  return selected
    .filter(({ name, known }) => matching(known, name).length === 0)
    .map(({ name, known }) => {
      const suggestion = nearest(name, [
        ...known,
        ...known.map((each) => each.slice(each.lastIndexOf('.') + 1)),
      ]);
      return {
        severity: 'error',
        code: 'unknown-column',
        message: `there is no column ${JSON.stringify(name)}: expected ${listed(known)}`,
        ...(suggestion === undefined ? {} : { suggestion }),
      };
    });
}
