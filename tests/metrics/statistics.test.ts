import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { corpusScores, estimate, type Scale } from '../../src/ml/metrics/estimate.ts';
import { randomBelow, randomBits } from '../../src/ml/metrics/counter-random.ts';
import { mean } from '../../src/ml/metrics/mean.ts';
import { holmAdjusted, pairedComparison } from '../../src/ml/metrics/paired-comparison.ts';

const draws = (count: number, seed: number, stream: number): readonly number[] =>
  Array.from({ length: count }, (_, counter) => randomBits(seed, stream, counter));
const gaussian = (count: number, seed: number): readonly number[] =>
  Array.from({ length: count }, (_, counter) => sumOfTwelve(seed, counter) - 6);
const sumOfTwelve = (seed: number, counter: number): number =>
  Array.from({ length: 12 }, (_, stream) => randomBits(seed, stream, counter) / 2 ** 32).reduce(
    (sum, value) => sum + value,
    0,
  );

test('random bits are even, and seeds, streams and counters all change them', () => {
  for (const values of [
    draws(10_000, 1, 0),
    draws(10_000, 2, 0),
    Array.from({ length: 10_000 }, (_, stream) => randomBits(1, stream, 0)),
    Array.from({ length: 10_000 }, (_, seed) => randomBits(seed, 0, 0)),
  ]) {
    for (let bit = 0; bit < 32; bit += 1) {
      const ones = values.filter((value) => (value >>> bit) % 2 === 1).length;
      expect(Math.abs(ones - 5000), `bit ${bit}`).toBeLessThan(250); // five standard deviations
    }
    expect(new Set(values).size).toBeGreaterThan(9_990);
  }
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (let counter = 0; counter < 7000; counter += 1)
    counts[randomBelow(7, 3, 4, counter)] = (counts[randomBelow(7, 3, 4, counter)] ?? 0) + 1;
  expect(Math.max(...counts.map((count) => Math.abs(count - 1000)))).toBeLessThan(150);
});

const interval = (values: readonly number[], scale: Scale = 'share', seed = 1) =>
  estimate(values, scale, { seed, resamples: 400 });

test('an interval depends on the values and the seed, not on their order, and holds the mean', () => {
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(values, fc.integer(), (rows, seed) => {
      const found = interval(rows, 'share', seed);
      const { low, high } = interval([...rows].reverse(), 'share', seed);
      expect([found.low, found.high]).toEqual([low, high]);
      expect(found.mean).toBe(mean(rows));
      expect(low).toBeLessThanOrEqual(found.mean + 1e-12);
      expect(high).toBeGreaterThanOrEqual(found.mean - 1e-12);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(1);
    }),
  );
});

test('the interval of a mean of normal values is as wide as theory says', () => {
  const values = gaussian(400, 5);
  const { low, high, method } = estimate(values, 'unbounded', { seed: 1, resamples: 4000 });
  const deviation = Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
  expect((high - low) / (2 * 1.959964 * (deviation / 20))).toBeCloseTo(1, 1);
  expect(method).toBe('bootstrap-t');
  // scipy.stats.t.interval(0.95, 11, loc=6.5, scale=scipy.stats.sem(range(1, 13)))
  const few = estimate([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 'unbounded', { seed: 1 });
  expect(few).toMatchObject({ mean: 6.5, rows: 12, method: 'student-t' });
  expect([few.low, few.high].map((bound) => bound.toFixed(5))).toEqual(['4.20915', '8.79085']);
});

test("proportions have Wilson's interval, which is never empty", () => {
  const bounds = (right: number, rows: number): readonly string[] => {
    const { low, high, method } = interval(
      Array.from({ length: rows }, (_, row) => Number(row < right)),
      'proportion',
    );
    expect(method).toBe('wilson');
    return [low.toFixed(3), high.toFixed(3)];
  };
  expect(bounds(96, 96)).toEqual(['0.962', '1.000']);
  expect(bounds(0, 96)).toEqual(['0.000', '0.038']);
  expect(bounds(3, 96)).toEqual(['0.011', '0.088']);
  expect(bounds(1, 1)).toEqual(['0.207', '1.000']);
  expect(bounds(5, 10)).toEqual(['0.237', '0.763']);
});

test('shares that are equal in all rows have the interval of a proportion', () => {
  expect(interval(Array.from({ length: 96 }, () => 1))).toMatchObject({ method: 'wilson', high: 1 });
  expect(interval(Array.from({ length: 96 }, () => 1)).low).toBeCloseTo(0.9615, 4);
});

test('fewer than ten rows have a range, no interval', () => {
  expect(interval([0.5, 0.25, 0])).toEqual({ mean: 0.25, low: 0, high: 0.5, rows: 3, method: 'range' });
});

test('every corpus score has an estimate, by its scale', () => {
  const rows = [
    { f1: 0.5, exact: 1 },
    { f1: 0.25, exact: 0 },
    { f1: 0, exact: 0 },
  ];
  const { f1, exact } = corpusScores(rows, { seed: 7, scales: { exact: 'proportion' } });
  expect(f1).toMatchObject({ mean: 0.25, method: 'range' });
  expect(exact).toMatchObject({ mean: 1 / 3, method: 'wilson' });
  expect(corpusScores([], { seed: 7 })).toEqual({});
});

describe('of a hundred intervals 95 hold the true mean', () => {
  test('proportions: averaged over p from 0.5 to 0.99, by exact probabilities', () => {
    for (const rows of [5, 10, 20, 30, 50, 96, 300]) {
      const intervals = Array.from({ length: rows + 1 }, (_, right) =>
        interval(
          Array.from({ length: rows }, (__, row) => Number(row < right)),
          'proportion',
        ),
      );
      const coverages = Array.from({ length: 50 }, (_, step) => {
        const p = 0.5 + step / 100;
        return intervals.reduce(
          (sum, { low, high }, right) => sum + (low <= p && p <= high ? binomial(right, rows, p) : 0),
          0,
        );
      });
      expect(mean(coverages), `${rows} rows`).toBeGreaterThan(0.93);
      expect(mean(coverages), `${rows} rows`).toBeLessThan(0.97);
      expect(Math.min(...coverages), `${rows} rows`).toBeGreaterThan(0.85);
    }
  });

  const kinds: readonly {
    name: string;
    from: number;
    truth: number;
    draw: (uniform: () => number) => number;
  }[] = [
    { name: 'even', from: 20, truth: 0.5, draw: (uniform) => uniform() },
    { name: 'bell-shaped', from: 20, truth: 0.5, draw: (uniform) => (uniform() + uniform() + uniform()) / 3 },
    { name: 'skewed', from: 30, truth: 5 / 6, draw: (uniform) => uniform() ** 0.2 },
    { name: 'U-shaped', from: 30, truth: 0.5, draw: (uniform) => Math.sin((Math.PI / 2) * uniform()) ** 2 },
    { name: 'mostly right', from: 30, truth: 0.9, draw: (uniform) => (uniform() < 0.8 ? 1 : uniform()) },
  ];
  test.each(kinds)('means of $name rows', ({ from, truth, draw }) => {
    for (const rows of [from, 50, 100]) {
      const trials = 800;
      let held = 0;
      for (let trial = 0; trial < trials; trial += 1) {
        let counter = 0;
        const uniform = (): number => randomBits(rows, trial, counter++) / 2 ** 32;
        const { low, high } = interval(
          Array.from({ length: rows }, () => draw(uniform)),
          'share',
          trial,
        );
        held += Number(low <= truth && truth <= high);
      }
      expect(held / trials, `${rows} rows`).toBeGreaterThan(0.92);
      expect(held / trials, `${rows} rows`).toBeLessThan(0.98);
    }
  });
});

function binomial(right: number, rows: number, p: number): number {
  let log = right * Math.log(p) + (rows - right) * Math.log(1 - p);
  for (let k = 1; k <= right; k += 1) log += Math.log((rows - right + k) / k);
  return Math.exp(log);
}

test('two equal models do not differ, a better one does, and swapping the two turns the sign', () => {
  const noise = gaussian(300, 9);
  const better = noise.map((value, row) => value + 0.2 + (gaussian(1, row)[0] ?? 0) / 10);
  expect(pairedComparison(noise, noise, { seed: 1 })).toMatchObject({
    mean: 0,
    low: 0,
    high: 0,
    pValue: 1,
    effectSize: null,
    detectable: 0,
  });
  const { mean: difference, low, high, pValue } = pairedComparison(noise, better, { seed: 1 });
  expect(difference).toBeCloseTo(0.2, 1);
  expect(low).toBeGreaterThan(0);
  expect(pValue).toBe(1 / 10_001);
  const swapped = pairedComparison(better, noise, { seed: 1 });
  expect([swapped.mean, swapped.pValue]).toEqual([-difference, pValue]);
  expect(swapped.low).toBeCloseTo(-high, 2);
});

test('the p-value is the share of sign patterns at least as extreme', () => {
  // Five rows that all differ by 1: of 32 patterns two reach 5.
  const { pValue } = pairedComparison([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], { seed: 3, trials: 20_000 });
  expect(pValue).toBeCloseTo(2 / 32, 2);
  // Of these 16 patterns, those with |±4 ±2 ±1 ±1| >= 4: all signs of 2, 1, 1 that add up to 0 or more beside
  // the 4, and their mirror images.
  expect(pairedComparison([0, 0, 0, 0], [4, 2, -1, -1], { seed: 3, trials: 20_000 }).pValue).toBeCloseTo(
    10 / 16,
    2,
  );
  expect(() => pairedComparison([1], [1, 2], { seed: 1 })).toThrow(/cannot be paired/);
});

test('the interval of a difference leaves out 0 exactly where p is below 0.05, whatever the order of the rows', () => {
  const scores = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), {
    minLength: 10,
    maxLength: 40,
  });
  fc.assert(
    fc.property(scores, fc.boolean(), (pairs, binary) => {
      const columns = [0, 1].map((side) =>
        pairs.map((pair) => (binary ? Number((pair[side] ?? 0) > 2) : (pair[side] ?? 0) / 3)),
      );
      const [first = [], second = []] = columns;
      const compared = pairedComparison(first, second, { seed: 3, trials: 2000 });
      expect(compared.low > 0 || compared.high < 0).toBe(compared.pValue < 0.05);
      expect(compared.low).toBeLessThanOrEqual(compared.mean + 1e-12);
      expect(compared.high).toBeGreaterThanOrEqual(compared.mean - 1e-12);
      const turned = pairedComparison([...first].reverse(), [...second].reverse(), { seed: 3, trials: 2000 });
      expect(turned).toEqual(compared);
    }),
  );
});

test('with few rows there is a range of differences instead of an interval', () => {
  expect(pairedComparison([0, 0, 0], [1, 2, 3], { seed: 1 })).toMatchObject({
    low: 1,
    high: 3,
    method: 'range',
  });
});

test('effect size and detectable difference follow the spread', () => {
  const first = Array.from({ length: 100 }, () => 0);
  const second = first.map((_, row) => (row % 2 === 0 ? 0.5 : 0.1));
  const { effectSize, detectable } = pairedComparison(first, second, { seed: 1 });
  const deviation = 0.2 * Math.sqrt(100 / 99);
  expect(effectSize).toBeCloseTo(0.3 / deviation, 10);
  expect(detectable).toBeCloseTo((2.8015852 * deviation) / 10, 6);
});

test("Holm's p-values are those of R's p.adjust", () => {
  // p.adjust(c(0.01, 0.04, 0.03, 0.5), "holm")
  expect(holmAdjusted([0.01, 0.04, 0.03, 0.5])).toEqual([0.04, 0.09, 0.09, 0.5]);
  expect(holmAdjusted([])).toEqual([]);
});

test('of experiments with seven equal models 5 % or fewer find a difference once p is adjusted', () => {
  let [raw, adjusted] = [0, 0];
  for (let experiment = 0; experiment < 100; experiment += 1) {
    const models = Array.from({ length: 7 }, (_, model) =>
      draws(30, experiment, model).map((bits) => bits / 2 ** 32),
    );
    const pValues = models.flatMap((first, index) =>
      models
        .slice(index + 1)
        .map((second) => pairedComparison(first, second, { seed: 1, trials: 1000 }).pValue),
    );
    raw += Number(pValues.some((p) => p < 0.05));
    adjusted += Number(holmAdjusted(pValues).some((p) => p < 0.05));
  }
  expect(raw).toBeGreaterThan(20);
  expect(adjusted).toBeLessThanOrEqual(10); // five and two standard deviations
});
