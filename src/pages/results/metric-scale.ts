import type { Scale } from '../../ml/metrics/estimate.ts';
import { metricTable } from '../../ml/metrics/metric-table.ts';

const scales: ReadonlyMap<string, Scale> = new Map(
  Object.entries(metricTable).map(([name, { scale }]) => [name, scale]),
);

/**
 * What values the rows of a metric can have, by the names that the evaluation writes: it decides how an
 * interval over seeds is computed. A file of another program may use the same names for percentages.
 */
export function metricScale(name: string, values: readonly number[]): Scale {
  if (values.some((value) => value < 0 || value > 1)) return 'unbounded';
  if (/(^|\.)slots\.[^.]+\.mean$/.test(name)) return 'proportion';
  if (/(^|\.)slot_mean\.mean$/.test(name)) return 'share';
  return scales.get(name.split('.').at(-1) ?? '') ?? 'unbounded';
}
