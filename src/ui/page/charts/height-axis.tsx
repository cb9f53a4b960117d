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
