import { numberText } from '../../number-text.ts';
import type { ExperimentRow, RowMetric } from './experiment-rows.ts';

/** Of all values of a column, with their intervals. */
type Range = readonly [low: number, high: number];

/** The range of a column with its intervals; undefined if there are not two different ends. */
export function rangeOf(rows: readonly ExperimentRow[], name: string): Range | undefined {
  const ends = rows.flatMap(({ metrics }) => {
    const { value = Number.NaN, low = Number.NaN, high = Number.NaN } = metrics[name] ?? {};
    return [value, low, high].filter(Number.isFinite);
  });
  const range: Range = [Math.min(...ends), Math.max(...ends)];
  return range[0] < range[1] ? range : undefined;
}

/** A metric of a model with its interval, in words and as a bar. */
export function MetricCell(props: {
  readonly metric: RowMetric | undefined;
  readonly range: Range | undefined;
}) {
  const { metric, range } = props;
  if (metric === undefined) return null;
  const { value, low, high, deviation, isRange } = metric;
  const hasInterval = Number.isFinite(low) && Number.isFinite(high);
  return (
    <div class="metric">
      <span>
        {numberText(value)}
        {Number.isFinite(deviation) && <small class="muted"> ± {numberText(deviation)}</small>}
      </span>
      {hasInterval && (
        <small class="muted">
          {numberText(low)} – {numberText(high)}
          {isRange && ' (range)'}
        </small>
      )}
      {range !== undefined && <IntervalBar metric={metric} range={range} />}
    </div>
  );
}

/** Where a value and its interval lie between the least and the greatest of the column. */
function IntervalBar({
  metric,
  range: [least, most],
}: {
  readonly metric: RowMetric;
  readonly range: Range;
}) {
  const place = (value: number): number => ((value - least) / (most - least)) * 100;
  const { value, low, high } = metric;
  return (
    <svg class="interval" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect x="0" y="2.5" width="100" height="1" class="ground" />
      {Number.isFinite(low) && Number.isFinite(high) && (
        <rect x={place(low)} y="1.5" width={Math.max(1, place(high) - place(low))} height="3" class="span" />
      )}
      <rect x={Math.max(0, Math.min(97.5, place(value) - 1.2))} y="0" width="2.5" height="6" class="value" />
    </svg>
  );
}
