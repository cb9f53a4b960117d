import { tickText } from '../number-text.ts';
import type { Scale } from './scale.ts';

/** The values of the vertical axis, each with a line across the chart; `gap`: between them and the chart. */
export function HeightAxis(props: {
  readonly scale: Scale;
  readonly left: number;
  readonly right: number;
  readonly gap: number;
}) {
  const { scale, left, right, gap } = props;
  return scale.ticks.map((tick) => (
    <g key={tick}>
      <line class="grid" x1={left} x2={right} y1={scale.place(tick)} y2={scale.place(tick)} />
      <text class="tick" x={left - gap} y={scale.place(tick) + 4} text-anchor="end">
        {tickText(tick, scale.step)}
      </text>
    </g>
  ));
}

/** The values of the horizontal axis, `gap` below the chart; `linesTo`: up to where each has a line. */
export function WidthAxis(props: {
  readonly scale: Scale;
  readonly bottom: number;
  readonly gap: number;
  readonly linesTo?: number;
}) {
  const { scale, bottom, gap, linesTo } = props;
  return scale.ticks.map((tick) => (
    <g key={tick}>
      {linesTo !== undefined && (
        <line class="grid" x1={scale.place(tick)} x2={scale.place(tick)} y1={linesTo} y2={bottom} />
      )}
      <text class="tick" x={scale.place(tick)} y={bottom + gap} text-anchor="middle">
        {tickText(tick, scale.step)}
      </text>
    </g>
  ));
}
