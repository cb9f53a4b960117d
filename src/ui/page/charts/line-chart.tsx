import { useState } from 'preact/hooks';
import { markedPoints, nearestTo, type Point, smoothed, spread, downsampled } from './curve-lines.ts';
import { HeightAxis, WidthAxis } from './axes.tsx';
import { LineKey, Marker } from './line-key.tsx';
import type { LineStyle } from './line-style.ts';
import { numberText } from '../number-text.ts';
import { linearScale, logScale } from './scale.ts';
import { useWidth } from './use-width.ts';

export interface Line {
  readonly name: string;
  /** The text at its end. */
  readonly label: string;
  readonly lineStyle: LineStyle;
  readonly isDashed: boolean;
  readonly points: readonly Point[];
}

/**
 * Lines over steps, epochs or time, each with its name at its end; the values at the pointer are shown above.
 */
export function LineChart(props: {
  readonly title: string;
  readonly across: string;
  readonly height: number;
  readonly lines: readonly Line[];
  readonly weight: number;
  readonly isLog: boolean;
}) {
  const { title, height, weight, isLog } = props;
  const [box, width] = useWidth();
  const [pointed, setPointed] = useState<number | undefined>(undefined);
  const lines = props.lines.filter(({ points }) => points.length > 0);
  const longest = Math.max(4, ...lines.map(({ label }) => Math.min(22, label.length)));
  const hasMarkers = lines.some(({ lineStyle }) => lineStyle.marker > 0);
  const indent = hasMarkers ? 22 : 8;
  const edge = { left: 56, right: Math.min(width * 0.34, longest * 6.7 + 8 + indent), top: 10, bottom: 40 };
  const shown = lines.map((line) => ({ ...line, smooth: smoothed(line.points, weight) }));
  const xs = shown.flatMap(({ points }) => [points[0]?.x ?? 0, points.at(-1)?.x ?? 0]);
  const ys = shown.flatMap(({ points }) => points.map(({ y }) => y)).filter((y) => !isLog || y > 0);
  const across = linearScale(
    xs,
    [edge.left, width - edge.right],
    Math.max(2, (width - edge.left - edge.right) / 70),
  );
  const ends = [height - edge.bottom, edge.top] as const;
  const up = isLog ? logScale(ys, ends) : linearScale(ys, ends);
  const placesOf = (points: readonly Point[]): readonly Point[] =>
    downsampled(points, width - edge.left - edge.right)
      .filter(({ y }) => !isLog || y > 0)
      .map(({ x, y }) => ({ x: across.place(x), y: up.place(y) }));
  const pathOf = (points: readonly Point[]): string =>
    placesOf(points)
      .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
      .join('');
  const labels = spread(
    shown.map(({ smooth }) => up.place(smooth.at(-1)?.y ?? 0)),
    13,
    height - edge.bottom,
  );
  const valueAt = (place: number): number => {
    const [least, most] = [Math.min(...xs), Math.max(...xs)];
    return least + ((place - edge.left) / Math.max(1, width - edge.left - edge.right)) * (most - least);
  };
  const move = (by: number): void => {
    const [least, most] = [Math.min(...xs), Math.max(...xs)];
    const next = (pointed ?? least) + by * Math.max((most - least) / 60, 1e-9);
    setPointed(Math.min(most, Math.max(least, next)));
  };
  const near =
    pointed === undefined
      ? []
      : shown.flatMap(({ smooth, name, lineStyle, isDashed }) => {
          const point = nearestTo(smooth, pointed);
          return point === undefined ? [] : [{ name, lineStyle, isDashed, point }];
        });
  const marked = near[0]?.point.x;
  return (
    <div ref={box} class="line-chart">
      <svg
        class="chart"
        width={width}
        height={height}
        role="img"
        tabIndex={0}
        aria-label={
          `${title} of ${lines.map(({ name }) => name).join(', ')} by ${props.across}; use the arrow ` +
          'keys to read values'
        }
        onPointerMove={(event) => setPointed(valueAt(event.offsetX))}
        onPointerLeave={() => setPointed(undefined)}
        onBlur={() => setPointed(undefined)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
          event.preventDefault();
          move(event.key === 'ArrowLeft' ? -1 : 1);
        }}
      >
        <HeightAxis scale={up} left={edge.left} right={width - edge.right} gap={7} />
        <WidthAxis scale={across} bottom={height - edge.bottom} gap={17} />
        <text class="tick" x={(edge.left + width - edge.right) / 2} y={height - 4} text-anchor="middle">
          {props.across}
        </text>
        {shown.map(({ name, lineStyle, isDashed, points, smooth }, index) => (
          <g key={name} class={`series-${lineStyle.color}`}>
            {weight > 0 && <path class="raw" d={pathOf(points)} />}
            <path class={isDashed ? 'line dashed' : 'line'} d={pathOf(smooth)} />
            {lineStyle.marker > 0 &&
              // Lines that run together are marked at different places.
              markedPoints(placesOf(smooth), 72, edge.left + (index % 6) * 12).map(({ x, y }) => (
                <Marker key={x} marker={lineStyle.marker} x={x} y={y} />
              ))}
            {points.length === 1 && points[0] !== undefined && (
              <circle class="dot" cx={across.place(points[0].x)} cy={up.place(points[0].y)} r="3.5" />
            )}
          </g>
        ))}
        {shown.map(({ name, label, lineStyle }, index) => (
          <g key={name} class={`series-${lineStyle.color}`}>
            <Marker marker={lineStyle.marker} x={width - edge.right + 12} y={labels[index] ?? 0} />
            <text class="end" x={width - edge.right + indent} y={(labels[index] ?? 0) + 4}>
              {label.length > 22 ? `${label.slice(0, 21)}…` : label}
            </text>
          </g>
        ))}
        {marked !== undefined && (
          <line
            class="pointer"
            x1={across.place(marked)}
            x2={across.place(marked)}
            y1={edge.top}
            y2={height - edge.bottom}
          />
        )}
        {near.map(({ name, lineStyle, point }) => (
          <circle
            key={name}
            class={`dot series-${lineStyle.color}`}
            cx={across.place(point.x)}
            cy={up.place(point.y)}
            r="3.5"
          />
        ))}
      </svg>
      {marked !== undefined && (
        <div class={across.place(marked) > width / 2 ? 'values left' : 'values right'} role="status">
          <strong>
            {props.across} {numberText(marked)}
          </strong>
          {near
            .toSorted((a, b) => b.point.y - a.point.y)
            .map(({ name, lineStyle, isDashed, point }) => (
              <div key={name}>
                <LineKey lineStyle={lineStyle} isDashed={isDashed} />
                <span class="name">{name}</span> <b>{numberText(point.y)}</b>
              </div>
            ))}
        </div>
      )}
    </div>
  );
}
