import type { LiveEvent } from '../../api.ts';
import type { CurveAnswer } from '../../../pages/result-answers.ts';
import { numberOf } from '../number-text.ts';

/** The horizontal axis. */
export type Across = 'step' | 'epoch' | 'seconds';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The points of a series that have a place across. */
export const pointsOf = (curve: CurveAnswer, series: string, across: Across): readonly Point[] =>
  (curve.series[series] ?? []).flatMap((point) => {
    const x = point[across];
    const y = numberOf(point.value);
    return x === undefined || !Number.isFinite(y) ? [] : [{ x, y }];
  });

/**
 * An exponential moving mean, as TensorBoard smooths: each value counts `weight` times less than the one
 * after it. The start is not drawn towards zero.
 */
export function smoothed(points: readonly Point[], weight: number): readonly Point[] {
  if (weight === 0) return points;
  let [sum, share] = [0, 0];
  return points.map(({ x, y }) => {
    sum = sum * weight + (1 - weight) * y;
    share = share * weight + (1 - weight);
    return { x, y: sum / share };
  });
}

/** At most about two points a pixel: the least and the greatest of each part, in order. */
export function downsampled(points: readonly Point[], width: number): readonly Point[] {
  const parts = Math.max(1, Math.floor(width));
  if (points.length <= parts * 2) return points;
  return Array.from({ length: parts }, (_, part) => {
    const some = points.slice(
      Math.floor((part * points.length) / parts),
      Math.floor(((part + 1) * points.length) / parts),
    );
    const least = some.reduce((a, b) => (b.y < a.y ? b : a));
    const most = some.reduce((a, b) => (b.y > a.y ? b : a));
    return least === most ? [least] : [least, most].toSorted((a, b) => a.x - b.x);
  }).flat();
}

/** Points to mark on a line, at least `gap` apart, from `start` on. */
export function markedPoints(points: readonly Point[], gap: number, start: number): readonly Point[] {
  let next = start;
  return points.filter(({ x }) => {
    if (x < next) return false;
    next = x + gap;
    return true;
  });
}

/** A curve after events of its instance; a step that is made again takes the place of all from it on. */
export function afterEvents(curve: CurveAnswer, events: readonly LiveEvent[]): CurveAnswer {
  const series: Record<string, CurveAnswer['series'][string]> = { ...curve.series };
  for (const { event } of events) {
    if (event.kind !== 'message' || event.message.kind !== 'metric') continue;
    const { step, values } = event.message;
    const seconds = curve.startedAt === undefined ? undefined : (event.at - curve.startedAt) / 1000;
    for (const [name, value] of Object.entries(values)) {
      const before = (series[name] ?? []).filter((point) => point.step < step);
      series[name] = [...before, { step, value, seconds }];
    }
  }
  return { ...curve, series };
}

/** The point that is nearest to a place across; points are in order. */
export function nearestTo(points: readonly Point[], x: number): Point | undefined {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.x ?? 0) < x) low = middle + 1;
    else high = middle;
  }
  const [before, at] = [points[low - 1], points[low]];
  return before !== undefined && at !== undefined && x - before.x < at.x - x ? before : at;
}

/**
 * Places for labels of one height, each as near to where it belongs as the others let it be, none below
 * `lowest`.
 */
export function spread(places: readonly number[], height: number, lowest: number): readonly number[] {
  const order = places.map((_, index) => index).toSorted((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const spaced = [...places];
  let last = -Infinity;
  for (const index of order) {
    last = Math.max(places[index] ?? 0, last + height);
    spaced[index] = last;
  }
  let next = lowest;
  for (const index of order.toReversed()) {
    spaced[index] = Math.min(spaced[index] ?? 0, next);
    next = (spaced[index] ?? 0) - height;
  }
  return spaced;
}
