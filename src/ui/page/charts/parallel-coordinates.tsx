import { useMemo, useState } from 'preact/hooks';
import { numberText, tickText } from '../number-text.ts';
import { pointerPlace } from './pointer-place.ts';
import { linearScale, type Scale } from './scale.ts';
import { useWidth } from './use-width.ts';

const height = 380;
const edge = { left: 70, right: 90, top: 44, bottom: 20 };

interface ParallelLine {
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
  const placed = useMemo(
    () =>
      axes.map((axis, index) => ({
        ...axis,
        x: edge.left + (index * (wide - edge.left - edge.right)) / Math.max(1, axes.length - 1),
        scale: axisScale(lines.map(({ values }) => values[axis.name])),
      })),
    [axes, lines, wide],
  );
  const drawn = useMemo(
    () =>
      lines.map((line): DrawnLine => ({
        name: line.name,
        points: placed.flatMap(({ name, x, scale }) => {
          const y = scale.placeOf(line.values[name]);
          return y === undefined ? [] : [{ x, y }];
        }),
        shade: shadeOf(placed.at(-1)?.scale.placeOf(line.values[placed.at(-1)?.name ?? ''])),
      })),
    [lines, placed],
  );
  const shades = useMemo(() => byShade(drawn), [drawn]);
  const last = placed.at(-1);
  const chosen = drawn.find(({ name }) => name === shown);
  return (
    <div ref={box} class="wide" tabIndex={0} role="region" aria-label="Parallel coordinates">
      <svg
        class="chart parallel"
        width={wide}
        height={height}
        role="img"
        aria-label={`Params and ${last?.title ?? ''} of ${lines.length} models: the table has the values`}
        onPointerMove={(event) => setShown(nearestLine(drawn, pointerPlace(event)))}
        onPointerLeave={() => setShown(undefined)}
      >
        {shades.map(([shade, path]) => (
          <path
            key={shade}
            class={`line${drawn.length > 200 ? ' thin' : ''}${chosen === undefined ? '' : ' faint'}`}
            style={{ stroke: strokeOf(shade) }}
            d={path}
          />
        ))}
        {chosen !== undefined && (
          <path class="line chosen" style={{ stroke: strokeOf(chosen.shade) }} d={pathOf(chosen)} />
        )}
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

interface Place {
  readonly x: number;
  readonly y: number;
}

interface DrawnLine {
  readonly name: string;
  readonly points: readonly Place[];
  /** From 0 to `mostShades`, by the place on the last axis. */
  readonly shade: number;
}

/** Lines of one shade are one path, so that a thousand models need only as many nodes as there are shades. */
const mostShades = 24;

const shadeOf = (y: number | undefined): number =>
  y === undefined
    ? 0
    : Math.round((mostShades * (height - edge.bottom - y)) / (height - edge.bottom - edge.top));

const strokeOf = (shade: number): string =>
  `color-mix(in oklab, var(--series-1), var(--series-0) ${Math.round((shade / mostShades) * 100)}%)`;

const pathOf = ({ points }: DrawnLine): string =>
  points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'} ${x.toFixed(1)} ${y.toFixed(1)}`).join(' ');

function byShade(lines: readonly DrawnLine[]): readonly (readonly [shade: number, path: string])[] {
  const paths = new Map<number, string[]>();
  for (const line of lines) {
    const known = paths.get(line.shade) ?? [];
    paths.set(line.shade, known);
    known.push(pathOf(line));
  }
  return [...paths].map(([shade, each]) => [shade, each.join(' ')]);
}

/** The line that a pointer is at, within a few pixels. */
function nearestLine(lines: readonly DrawnLine[], { x, y }: Place): string | undefined {
  let [name, least]: [string | undefined, number] = [undefined, 8];
  for (const line of lines) {
    const after = line.points.findIndex((point) => point.x >= x);
    const [from, to] = [line.points[after - 1], line.points[after]];
    if (from === undefined || to === undefined) continue;
    const slope = (to.y - from.y) / (to.x - from.x);
    // How far the line is, not how far below the pointer it runs: steep lines are as easy to reach.
    const distance = Math.abs(from.y + slope * (x - from.x) - y) / Math.hypot(1, slope);
    if (distance < least) [name, least] = [line.name, distance];
  }
  return name;
}

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
