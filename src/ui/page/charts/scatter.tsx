import { useMemo, useState } from 'preact/hooks';
import { HeightAxis, WidthAxis } from './axes.tsx';
import { numberText } from '../number-text.ts';
import { pointerPlace } from './pointer-place.ts';
import { linearScale } from './scale.ts';
import { useWidth } from './use-width.ts';

const height = 420;
const edge = { left: 64, right: 24, top: 24, bottom: 46 };

/** Two numbers of each model against each other. */
export function Scatter(props: {
  readonly x: string;
  readonly y: string;
  readonly points: readonly { readonly name: string; readonly x: number; readonly y: number }[];
}) {
  const [box, width] = useWidth();
  const [shown, setShown] = useState<string | undefined>(undefined);
  const { across, up, placed } = useMemo(() => placedPoints(props.points, width), [props.points, width]);
  const labels = useMemo(() => labelled(placed, width), [placed, width]);
  const chosen = placed.find(({ name }) => name === shown);
  return (
    <div ref={box}>
      <svg
        class="chart"
        width={width}
        height={height}
        role="img"
        aria-label={`${props.y} against ${props.x} of ${placed.length} models: the table has the values`}
        onPointerMove={(event) => setShown(nearestPoint(placed, pointerPlace(event))?.name)}
        onPointerLeave={() => setShown(undefined)}
      >
        <HeightAxis scale={up} left={edge.left} right={width - edge.right} gap={8} />
        <WidthAxis scale={across} bottom={height - edge.bottom} gap={18} linesTo={edge.top} />
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
        {/* Points of no length with round ends: a thousand models are one node. */}
        <path class="points" d={placed.map(({ x, y }) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join('')} />
        {labels.map((label) => (
          <PointLabel key={label.name} {...label} />
        ))}
        {chosen !== undefined && (
          <>
            <circle class="point chosen" cx={chosen.x} cy={chosen.y} r="7" />
            {labels.every(({ name }) => name !== chosen.name) && <PointLabel {...labelOf(chosen, width)} />}
            <text class="label" x={edge.left} y={edge.top - 4}>
              {`${chosen.name}: ${numberText(chosen.across)}, ${numberText(chosen.up)}`}
            </text>
          </>
        )}
      </svg>
    </div>
  );
}

const PointLabel = ({ name, at, y, isRight }: Label) => (
  <text class="label" x={at} y={y + 4} text-anchor={isRight ? 'end' : 'start'}>
    {name}
  </text>
);

interface PlacedPoint {
  readonly name: string;
  readonly across: number;
  readonly up: number;
  readonly x: number;
  readonly y: number;
}

function placedPoints(
  all: readonly { readonly name: string; readonly x: number; readonly y: number }[],
  width: number,
) {
  const points = all.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
  const across = linearScale(
    points.map(({ x }) => x),
    [edge.left + 8, width - edge.right - 8],
    width / 140,
  );
  const up = linearScale(
    points.map(({ y }) => y),
    [height - edge.bottom - 8, edge.top + 8],
  );
  const placed = points.map(({ name, x, y }): PlacedPoint => ({
    name,
    across: x,
    up: y,
    x: across.place(x),
    y: up.place(y),
  }));
  return { across, up, placed };
}

/** The point that a pointer is at, within a few pixels. */
function nearestPoint(
  points: readonly PlacedPoint[],
  { x, y }: { readonly x: number; readonly y: number },
): PlacedPoint | undefined {
  let [nearest, least]: [PlacedPoint | undefined, number] = [undefined, 12];
  for (const point of points) {
    const distance = Math.hypot(point.x - x, point.y - y);
    if (distance < least) [nearest, least] = [point, distance];
  }
  return nearest;
}

interface Label {
  readonly name: string;
  /** Where the text starts, or where it ends if it is left of its point. */
  readonly at: number;
  readonly y: number;
  readonly isRight: boolean;
  readonly left: number;
  readonly right: number;
}

function labelOf({ name, x, y }: PlacedPoint, width: number): Label {
  const length = name.length * letterWidth;
  const isRight = x + length > width - edge.right;
  const at = isRight ? x - 9 : x + 9;
  const [left, right] = isRight ? [at - length, at] : [at, at + length];
  return { name, at, y, isRight, left, right };
}

/** Names beside their points, but none upon another, nor upon a point. */
function labelled(points: readonly PlacedPoint[], width: number): readonly Label[] {
  const labels: Label[] = [];
  for (const own of points) {
    if (labels.length === mostLabels) break;
    const label = labelOf(own, width);
    const isFree = labels.every(
      (other) => Math.abs(other.y - own.y) > 13 || other.right < label.left || other.left > label.right,
    );
    const hidesPoint = (): boolean =>
      points.some(
        (point) =>
          point !== own && Math.abs(point.y - own.y) < 7 && point.x > label.left && point.x < label.right,
      );
    if (isFree && !hidesPoint()) labels.push(label);
  }
  return labels;
}

/** More names than these are a gray cloud. */
const mostLabels = 60;

/** Of the font of labels, in pixels, rather too wide. */
const letterWidth = 7.2;
