import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InstanceId } from '../../src/runner/identity.ts';
import type { LiveEvent } from '../../src/ui/api.ts';
import type { CurveAnswer } from '../../src/pages/result-answers.ts';
import {
  afterEvents,
  nearestTo,
  pointsOf,
  smoothed,
  spread,
  downsampled,
} from '../../src/ui/page/charts/curve-lines.ts';
import { linearScale, logScale } from '../../src/ui/page/charts/scale.ts';
import { histogram } from '../../src/pages/results/histogram.ts';

const points = (ys: readonly number[]) => ys.map((y, x) => ({ x, y }));

describe('lines of curves', () => {
  test('smoothing starts at the first value, not at zero, and keeps constants', () => {
    expect(smoothed(points([4, 4, 4]), 0.9).map(({ y }) => y)).toEqual(
      [4, 4, 4].map((y) => expect.closeTo(y, 12)),
    );
    expect(smoothed(points([4, 0]), 0.5).map(({ y }) => y)).toEqual([4, expect.closeTo(4 / 3, 12)]);
    expect(smoothed(points([1, 2]), 0)).toEqual(points([1, 2]));
  });

  test('downsampling keeps order and every extreme', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 400 }),
        (ys) => {
          const few = downsampled(points(ys), 20);
          expect(few.length).toBeLessThanOrEqual(Math.max(40, 0));
          expect(few.map(({ x }) => x)).toEqual(few.map(({ x }) => x).toSorted((a, b) => a - b));
          expect(Math.max(...few.map(({ y }) => y))).toBe(Math.max(...ys));
          expect(Math.min(...few.map(({ y }) => y))).toBe(Math.min(...ys));
        },
      ),
    );
  });

  test('a repeated step replaces everything from it on', () => {
    const curve: CurveAnswer = {
      instance: 'a',
      startedAt: 1000,
      series: { loss: [1, 2, 3].map((step) => ({ step, value: step })) },
    };
    const event: LiveEvent = {
      run: 'R',
      sequence: 9,
      event: {
        kind: 'message',
        at: 3000,
        instance: 'a' as InstanceId,
        message: { kind: 'metric', step: 2, values: { loss: 9 } },
      },
    };
    expect(afterEvents(curve, [event]).series['loss']).toEqual([
      { step: 1, value: 1 },
      { step: 2, value: 9, seconds: 2 },
    ]);
  });

  test('points without a step or a finite value are left out', () => {
    const curve: CurveAnswer = {
      instance: 'a',
      series: {
        loss: [
          { step: 1, value: 'NaN' },
          { step: 2, value: 0.5, epoch: 1 },
          { step: 3, value: 0.4 },
        ],
      },
    };
    expect(pointsOf(curve, 'loss', 'step')).toEqual([
      { x: 2, y: 0.5 },
      { x: 3, y: 0.4 },
    ]);
    expect(pointsOf(curve, 'loss', 'epoch')).toEqual([{ x: 1, y: 0.5 }]);
    expect(pointsOf(curve, 'other', 'step')).toEqual([]);
  });

  test('the nearest point', () => {
    expect([-5, 0.4, 0.6, 99].map((x) => nearestTo(points([7, 8, 9]), x)?.x)).toEqual([0, 0, 1, 2]);
    expect(nearestTo([], 1)).toBeUndefined();
  });

  test('labels never overlap', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 8 }), (places) => {
        const found = spread(places, 13, 100).toSorted((a, b) => a - b);
        for (const [index, place] of found.slice(1).entries())
          expect(place - (found[index] ?? 0)).toBeGreaterThanOrEqual(13);
        for (const place of found) expect(place).toBeLessThanOrEqual(100);
      }),
    );
  });
});

describe('axes', () => {
  test('are marked at round values within them', () => {
    const { ticks, place } = linearScale([0.12, 0.87], [0, 100]);
    expect(ticks).toEqual([0.2, 0.4, 0.6, 0.8]);
    expect([place(0.12), place(0.87)]).toEqual([0, 100]);
    expect(logScale([0.001, 100], [0, 100]).ticks).toEqual([0.001, 0.01, 0.1, 1, 10, 100]);
  });

  test('of any values have positions and marks', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { maxLength: 5 }), (values) => {
        const { place, ticks } = linearScale(values, [0, 100]);
        for (const value of values) expect(place(value)).toBeGreaterThanOrEqual(-1e-6);
        expect(ticks.length).toBeLessThan(15);
      }),
    );
  });
});

describe('histograms', () => {
  test('contain every value once, in at most 25 bins of one width', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100_000), { minLength: 1 }), (values) => {
        const { bins, rows, least, most } = histogram(values);
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(values.length);
        expect(bins.length).toBeLessThanOrEqual(25);
        expect([rows, least, most]).toEqual([values.length, Math.min(...values), Math.max(...values)]);
      }),
    );
    expect(histogram([]).bins).toEqual([]);
  });
});
