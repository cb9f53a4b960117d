import { leadingMetrics } from './leading-metrics.ts';
import type { Column, MetricColumn } from './metric-column.ts';

const mostMetrics = 8;

/** The columns that fit, in their order: a column that is too wide does not exclude later ones. */
export function fitting(
  columns: readonly Column[],
  room: number,
  widthOf: (column: Column) => number,
): readonly Column[] {
  let left = room;
  return columns.filter((column) => {
    const fits = widthOf(column) <= left;
    if (fits) left -= widthOf(column);
    return fits;
  });
}

/** The metrics that fit, but at least one, since a table without metrics is useless. */
export function mostTelling(
  columns: readonly MetricColumn[],
  room: number,
  widthOf: (column: Column) => number,
): readonly Column[] {
  const ranked = columns.length > mostMetrics ? firstOfMany(columns) : scoresFirst(columns);
  const fit = fitting(ranked, room, widthOf);
  const shown = fit.length === 0 ? ranked.slice(0, 1) : fit;
  return (columns.length > mostMetrics ? ranked : columns).filter((column) => shown.includes(column));
}

function firstOfMany(columns: readonly MetricColumn[]): readonly MetricColumn[] {
  const leading = leadingMetrics(columns.map(({ name }) => name)).flatMap((name) =>
    columns.filter((column) => column.name === name),
  );
  return leading.length > 0 ? leading : scoresFirst(columns).slice(0, mostMetrics);
}

const scoresFirst = (columns: readonly MetricColumn[]): readonly MetricColumn[] => [
  ...columns.filter(({ isCount: counts }) => !counts),
  ...columns.filter(({ isCount: counts }) => counts),
];
