import type { Value } from '../../../stage/context.ts';
import type { MetricValue } from '../../answers/results.ts';
import { direction } from './direction.ts';
import { type MeasuredInstance, metricNames, metricOf } from './measured-instance.ts';
import { matching } from './named-columns.ts';
import { settingsOf, settingText } from './settings-of.ts';

/**
 * In the order of a metric, the best first; of a param or an axis, the smallest first. What has no such value
 * comes last.
 */
export function sortedBy<T extends MeasuredInstance>(measured: readonly T[], wanted: string): readonly T[] {
  const settings = settingsOf(measured);
  const [metrics, others] = [metricNames(measured), settings.names];
  const exact = [...metrics, ...others].find((name) => name === wanted);
  const name = exact ?? matching(metrics, wanted)[0] ?? matching(others, wanted)[0];
  if (name === undefined) return measured;
  return metrics.includes(name)
    ? inOrder(measured, (row) => ordered(metricOf(row, name)), -direction(name))
    : inOrder(measured, (row) => settings.of(row, name), 1);
}

/** NaN has no rank among numbers. */
const ordered = (value: MetricValue | undefined): MetricValue | undefined =>
  Number.isNaN(value) ? undefined : value;

function inOrder<T>(
  rows: readonly T[],
  of: (row: T) => Value | bigint | undefined,
  sign: number,
): readonly T[] {
  return rows.toSorted((a, b) => {
    const [left, right] = [of(a), of(b)];
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined);
    return isNumber(left) && isNumber(right)
      ? sign * (left < right ? -1 : left > right ? 1 : 0)
      : sign * settingText(left).localeCompare(settingText(right));
  });
}

const isNumber = (value: Value | bigint): value is MetricValue =>
  typeof value === 'number' || typeof value === 'bigint';
