import { useState } from 'preact/hooks';
import { numberText, tickText } from '../number-text.ts';
import { linearScale, type Scale } from './scale.ts';
import { useWidth } from './use-width.ts';

const height = 380;
const edge = { left: 70, right: 90, top: 44, bottom: 20 };

export interface ParallelLine {
  readonly name: string;
  readonly values: Readonly<Record<string, string | number | undefined>>;
}

interface Axis {
  readonly name: string;
  readonly title: string;
}

/** A line each model through the values of its params to its metric, the last axis, which colors it. */
export function ParallelCoordinates(props: {
  readonly axes: readonly Axis[];
  readonly lines: readonly ParallelLine[];
}) {
  const { axes, lines } = props;
  const [box, width] = useWidth();
  const [shown, setShown] = useState<string | undefined>(undefined);
  const wide = Math.max(width, edge.left + edge.right + (axes.length - 1) * 104);
  const placed = axes.map((axis, index) => ({
    ...axis,
    x: edge.left + (index * (wide - edge.left - edge.right)) / Math.max(1, axes.length - 1),
    scale: axisScale(lines.map(({ values }) => values[axis.name])),
  }));
  const last = placed.at(-1);
  const shareOf = ({ values }: ParallelLine): number => {
    const value = last?.scale.placeOf(values[last.name]);
    return value === undefined ? 0 : (height - edge.bottom - value) / (height - edge.bottom - edge.top);
  };
  return (
    <div ref={box} class="wide" tabIndex={0} role="region" aria-label="Parallel coordinates">
      <svg
        class="chart parallel"
        width={wide}
        height={height}
        role="img"
        aria-label={`Params and ${last?.title ?? ''} of ${lines.length} models: the table has the values`}
      >
        {lines.map((line) => (
          <path
            key={line.name}
            class={shown === undefined ? 'line' : shown === line.name ? 'line chosen' : 'line faint'}
            style={{
              stroke: `color-mix(in oklab, var(--series-1), var(--series-0) ${Math.round(shareOf(line) * 100)}%)`,
            }}
            d={pathOf(placed.map(({ name, x, scale }) => [x, scale.placeOf(line.values[name])] as const))}
            onPointerEnter={() => setShown(line.name)}
            onPointerLeave={() => setShown(undefined)}
          >
            <title>{line.name}</title>
          </path>
        ))}
        {placed.map(({ name, title, x, scale }) => (
          <g key={name}>
            <line class="axis-line" x1={x} x2={x} y1={edge.top} y2={height - edge.bottom} />
            <text class="axis" x={x} y={20} text-anchor="middle">
              {title.length > 18 ? `…${title.slice(-17)}` : title}
              <title>{name}</title>
            </text>
            {scale.marks.map(({ text, y }) => (
              <text key={text} class="tick" x={x + 7} y={y + 4}>
                {text}
              </text>
            ))}
          </g>
        ))}
        {shown !== undefined && (
          <text class="label" x={edge.left} y={height - 4}>
            {shown}
            {last !== undefined &&
              `: ${valueText(lines.find(({ name }) => name === shown)?.values[last.name])}`}
          </text>
        )}
      </svg>
    </div>
  );
}

const valueText = (value: string | number | undefined): string =>
  typeof value === 'number' ? numberText(value) : (value ?? '');

const pathOf = (points: readonly (readonly [number, number | undefined])[]): string =>
  points
    .flatMap(([x, y]) => (y === undefined ? [] : [`${x.toFixed(1)} ${y.toFixed(1)}`]))
    .map((point, index) => `${index === 0 ? 'M' : 'L'} ${point}`)
    .join(' ');

interface AxisScale {
  readonly placeOf: (value: string | number | undefined) => number | undefined;
  readonly marks: readonly { readonly text: string; readonly y: number }[];
}

/** Numbers by size, other values at even distances. */
function axisScale(values: readonly (string | number | undefined)[]): AxisScale {
  const ends = [height - edge.bottom, edge.top] as const;
  const known = values.filter((value) => value !== undefined && value !== '');
  const numbers = known.map(Number);
  if (numbers.every(Number.isFinite)) {
    const scale: Scale = linearScale(numbers, ends, 4);
    return {
      placeOf: (value) => (value === undefined || value === '' ? undefined : scale.place(Number(value))),
      marks: scale.ticks.map((tick) => ({ text: tickText(tick, scale.step), y: scale.place(tick) })),
    };
  }
  const names = [...new Set(known.map(String))].toSorted();
  const placeOf = (name: string): number =>
    ends[0] + ((names.indexOf(name) + 0.5) / names.length) * (ends[1] - ends[0]);
  return {
    placeOf: (value) => (value === undefined ? undefined : placeOf(String(value))),
    marks: names
      .slice(0, 24)
      .map((name) => ({ text: name.length > 14 ? `${name.slice(0, 13)}…` : name, y: placeOf(name) })),
  };
}
