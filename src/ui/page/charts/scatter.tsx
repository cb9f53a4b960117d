import { useState } from 'preact/hooks';
import { HeightAxis } from './height-axis.tsx';
import { numberText, tickText } from '../number-text.ts';
import { linearScale } from './scale.ts';
import { useWidth } from './use-width.ts';

const height = 420;
const edge = { left: 64, right: 24, top: 16, bottom: 46 };

/** Two numbers of each model against each other. */
export function Scatter(props: {
  readonly x: string;
  readonly y: string;
  readonly points: readonly { readonly name: string; readonly x: number; readonly y: number }[];
}) {
  const [box, width] = useWidth();
  const [shown, setShown] = useState<string | undefined>(undefined);
  const points = props.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const across = linearScale(
    points.map(({ x }) => x),
    [edge.left + 8, width - edge.right - 8],
    width / 140,
  );
  const up = linearScale(
    points.map(({ y }) => y),
    [height - edge.bottom - 8, edge.top + 8],
  );
  return (
    <div ref={box}>
      <svg
        class="chart"
        width={width}
        height={height}
        role="img"
        aria-label={`${props.y} against ${props.x} of ${points.length} models: the table has the values`}
      >
        <HeightAxis scale={up} left={edge.left} right={width - edge.right} gap={8} />
        {across.ticks.map((tick) => (
          <g key={tick}>
            <line
              class="grid"
              x1={across.place(tick)}
              x2={across.place(tick)}
              y1={edge.top}
              y2={height - edge.bottom}
            />
            <text class="tick" x={across.place(tick)} y={height - edge.bottom + 18} text-anchor="middle">
              {tickText(tick, across.step)}
            </text>
          </g>
        ))}
        <text class="axis" x={(edge.left + width - edge.right) / 2} y={height - 8} text-anchor="middle">
          {props.x}
        </text>
        <text
          class="axis"
          x={16}
          y={height / 2}
          text-anchor="middle"
          transform={`rotate(-90 16 ${height / 2})`}
        >
          {props.y}
        </text>
        {points.map(({ name, x, y }) => (
          <circle
            key={name}
            class={shown === name ? 'point chosen' : 'point'}
            cx={across.place(x)}
            cy={up.place(y)}
            r={shown === name ? 7 : 5}
            onPointerEnter={() => setShown(name)}
            onPointerLeave={() => setShown(undefined)}
          >
            <title>{`${name}: ${numberText(x)}, ${numberText(y)}`}</title>
          </circle>
        ))}
        {labelled(
          points.map(({ name, x, y }) => ({ name, x: across.place(x), y: up.place(y) })),
          { width, shown },
        ).map(({ name, x, y, isRight }) => (
          <text key={name} class="label" x={x} y={y} text-anchor={isRight ? 'end' : 'start'}>
            {name}
          </text>
        ))}
      </svg>
    </div>
  );
}

interface Label {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly isRight: boolean;
}

/** Names beside their points, but none upon another; the one that is pointed at always. */
function labelled(
  points: readonly { readonly name: string; readonly x: number; readonly y: number }[],
  { width, shown }: { readonly width: number; readonly shown: string | undefined },
): readonly Label[] {
  const labels: (Label & { readonly left: number; readonly right: number })[] = [];
  const first = points.filter(({ name }) => name === shown);
  for (const { name, x, y } of [...first, ...points.filter((point) => !first.includes(point))]) {
    const length = name.length * letterWidth;
    const isRight = x + length > width - edge.right;
    const at = isRight ? x - 9 : x + 9;
    const [left, right] = isRight ? [at - length, at] : [at, at + length];
    const isFree = labels.every(
      (other) => Math.abs(other.y - 4 - y) > 13 || other.right < left || other.left > right,
    );
    const hidesPoint = points.some(
      (point) => point.name !== name && Math.abs(point.y - y) < 7 && point.x > left && point.x < right,
    );
    if (name === shown || (isFree && !hidesPoint))
      labels.push({ name, x: at, y: y + 4, isRight, left, right });
  }
  return labels;
}

/** Of the font of labels, in pixels, rather too wide. */
const letterWidth = 7.2;
