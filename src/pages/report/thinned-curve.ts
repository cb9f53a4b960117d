import type { CurveAnswer, CurvePoint } from '../result-answers.ts';

/** A chart is hardly wider: a long training has a hundred thousand steps. */
const mostPoints = 2000;

/** A curve with at most so many points of each series at even distances, and its last one. */
export const thinnedCurve = (curve: CurveAnswer): CurveAnswer => ({
  ...curve,
  series: Object.fromEntries(
    Object.entries(curve.series).map(([name, points]) => [name, downsampled(points)] as const),
  ),
});

function downsampled(points: readonly CurvePoint[]): readonly CurvePoint[] {
  const every = Math.ceil(points.length / mostPoints);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}
