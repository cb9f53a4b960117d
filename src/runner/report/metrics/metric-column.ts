import type { MetricValue } from '../../answers/results.ts';
import { type MeasuredInstance, metricOf } from './measured-instance.ts';
import { decimals } from './metric-text.ts';

export interface Column {
  readonly name: string;
  readonly of: (row: MeasuredInstance) => string;
}

export interface MetricColumn extends Column {
  readonly isCount: boolean;
}

/** The column of a metric; a star marks the row that is the best by it. */
export function metricColumn(measured: readonly MeasuredInstance[], name: string): MetricColumn {
  const values = measured.map((row) => metricOf(row, name)).filter((value) => value !== undefined);
  const isMarked = measured.some(({ best }) => best === name);
  const areWhole = values.every((value) => isWhole(value) || !Number.isFinite(value));
  const show = (value: MetricValue): string =>
    areWhole || typeof value === 'bigint' ? String(value) : decimals(value);
  // The place of the star is kept free beside the others, so that digits line up.
  const mark = ({ best }: MeasuredInstance): string => (!isMarked ? '' : best === name ? '*' : ' ');
  return {
    name,
    isCount: isCount(values),
    of: (row) => {
      const value = metricOf(row, name);
      return value === undefined ? '' : `${show(value)}${mark(row)}`;
    },
  };
}

/** Steps or rows, which matter less than scores. */
function isCount(all: readonly MetricValue[]): boolean {
  const values = all.filter((value) => !Number.isNaN(value));
  return (
    values.every(isWhole) && (values.some((value) => value < 0 || value > 1) || new Set(values).size < 2)
  );
}

const isWhole = (value: MetricValue): boolean => typeof value === 'bigint' || Number.isInteger(value);
