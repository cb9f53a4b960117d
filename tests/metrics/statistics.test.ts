import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exampleScores } from '../../bench/example-scores.ts';
import { falseFindings, meanCoverage, proportionCoverage, scoreShapes } from '../../bench/simulations.ts';
import { corpusScores, estimate, type Scale } from '../../src/ml/metrics/estimate.ts';
import { randomBelow, randomBits } from '../../src/ml/metrics/counter-random.ts';
import { mean } from '../../src/ml/metrics/mean.ts';
import { seedInterval, type SeedScore } from '../../src/ml/metrics/seed-interval.ts';
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

test('random bits are balanced, and seeds, streams and counters all change them', () => {
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
  const below = randomBelow(7, 3, 4);
  for (let counter = 0; counter < 7000; counter += 1)
    counts[below(counter)] = (counts[below(counter)] ?? 0) + 1;
  expect(Math.max(...counts.map((count) => Math.abs(count - 1000)))).toBeLessThan(150);
});

const interval = (values: readonly number[], scale: Scale = 'share', seed = 1) =>
  estimate(values, scale, { seed, resamples: 400 });

test('an interval depends on the values and the seed, not on their order, and contains the mean', () => {
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

test('the interval of a mean of normal values has its theoretical width', () => {
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

describe('an interval over seeds and rows', () => {
  const seed = (right: number, rows: number): SeedScore => {
    const {
      mean: value,
      low,
      high,
    } = interval(
      Array.from({ length: rows }, (_, row) => Number(row < right)),
      'proportion',
    );
    return { value, interval: [low, high], rows };
  };
  const over = (...rights: readonly number[]) =>
    seedInterval(
      rights.map((right) => seed(right, 96)),
      'proportion',
    );

  test('of proportions contains no impossible value, as that of one seed', () => {
    expect(over(3, 3)).toEqual(seed(3, 96).interval.map((bound) => expect.closeTo(bound, 2)));
    expect(over(1, 2, 0)[0]).toBeGreaterThan(0);
    expect(over(95, 96, 94)[1]).toBeLessThan(1);
    expect(over(0, 0, 0)).toEqual(seed(0, 96).interval);
    expect(over(96, 96)[1]).toBe(1);
    expect(over(40, 60)[1] - over(40, 60)[0]).toBeGreaterThan(2 * (over(50, 50)[1] - over(50, 50)[0]));
  });

  test('of shares stays within 0 and 1', () => {
    const shares = [0.9, 0.99].map((value) => ({ value, interval: [value - 0.05, 1], rows: 50 }) as const);
    expect(seedInterval(shares, 'share')[1]).toBe(1);
    expect(seedInterval(shares, 'unbounded')[1]).toBeGreaterThan(1);
  });

  test('contains the true value in about 95 of 100 experiments', () => {
    let held = 0;
    const experiments = 200;
    for (let experiment = 0; experiment < experiments; experiment += 1) {
      // Each row has a mean of its own, each seed adds to all of its rows, and each answer has noise.
      const effects = gaussian(60, 3 * experiment);
      const seeds = [0, 1, 2, 3, 4].map((number) => {
        const noise = gaussian(60, 3 * experiment + 1 + 10_000 * number);
        const shift = (gaussian(1, 3 * experiment + 2 + 10_000 * number)[0] ?? 0) / 8;
        const found = interval(
          effects.map((effect, row) => effect + shift + (noise[row] ?? 0) / 4),
          'unbounded',
          experiment,
        );
        return { value: found.mean, interval: [found.low, found.high], rows: 60 } as const;
      });
      const [low, high] = seedInterval(seeds, 'unbounded');
      held += Number(low <= 0 && 0 <= high);
    }
    expect(held / experiments).toBeGreaterThan(0.92);
    expect(held / experiments).toBeLessThan(0.985);
  });
});

test('fewer than ten rows have a range instead of an interval', () => {
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

describe('95 of 100 intervals contain the true mean', () => {
  test('proportions: averaged over p from 0.5 to 0.99, by exact probabilities', () => {
    for (const rows of [5, 10, 20, 30, 50, 96, 300]) {
      const coverage = proportionCoverage(rows);
      expect(coverage.mean, `${rows} rows`).toBeGreaterThan(0.93);
      expect(coverage.mean, `${rows} rows`).toBeLessThan(0.97);
      expect(coverage.least, `${rows} rows`).toBeGreaterThan(0.85);
    }
  });

  test.each(scoreShapes)('means of $name rows', (shape) => {
    for (const rows of [shape.from, 50, 100]) {
      // The fewer rows, the harder: these have the most trials.
      const trials = Math.round((800 * shape.from) / rows);
      const coverage = meanCoverage(shape, rows, { trials, resamples: 400 });
      expect(coverage, `${rows} rows`).toBeGreaterThan(0.92);
      expect(coverage, `${rows} rows`).toBeLessThan(0.98);
    }
  });
});

test('the examples of docs/evaluation.md give the scores of the page', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/evaluation.md'), 'utf8');
  for (const { reference, answer, score, before, now } of exampleScores())
    expect(page).toContain(`| ${reference} | ${answer} | ${score} | ${before} | ${now} |`);
});

test('two equal models do not differ, a better one does, and swapping the two changes the sign', () => {
  const noise = gaussian(300, 9);
  const better = noise.map((value, row) => value + 0.2 + (gaussian(1, row)[0] ?? 0) / 10);
  expect(pairedComparison(noise, noise, { seed: 1 })).toMatchObject({
    mean: 0,
    low: 0,
    high: 0,
    pValue: 1,
    method: 'range',
    effectSize: null,
    detectable: null,
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
  const { pValue } = pairedComparison([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], { seed: 3 });
  expect(pValue).toBe(2 / 32);
  // Of these 16 patterns, those with |±4 ±2 ±1 ±1| >= 4: all signs of 2, 1, 1 that add up to 0 or more beside
  // the 4, and their mirror images.
  expect(pairedComparison([0, 0, 0, 0], [4, 2, -1, -1], { seed: 3 }).pValue).toBe(10 / 16);
  // Drawn at random where not all are tried.
  expect(
    pairedComparison([0, 0, 0, 0, 0, 0, 0, 0], [4, 2, -1, -1, 0, 0, 0, 0], { seed: 3, trials: 250 }).pValue,
  ).toBeCloseTo(10 / 16, 1);
  expect(() => pairedComparison([1], [1, 2], { seed: 1 })).toThrow(/cannot be paired/);
});

test('the interval of a difference excludes 0 exactly where p is below 0.05', () => {
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

test('a single row has neither a deviation nor a detectable difference', () => {
  expect(pairedComparison([0], [1], { seed: 1 })).toMatchObject({
    pValue: 1,
    effectSize: null,
    detectable: null,
  });
});

test('with few rows there is a range of differences instead of an interval', () => {
  expect(pairedComparison([0, 0, 0], [1, 2, 3], { seed: 1 })).toMatchObject({
    low: 1,
    high: 3,
    method: 'range',
  });
});

test('rows that all differ by the same, up to rounding, have no deviation to test with', () => {
  const first = Array.from({ length: 30 }, (_, row) => (row % 3) / 2);
  const second = first.map((score) => score + 0.1);
  expect(new Set(first.map((score, row) => (second[row] ?? 0) - score)).size).toBeGreaterThan(1);
  expect(pairedComparison(first, second, { seed: 1 })).toMatchObject({
    method: 'range',
    effectSize: null,
    detectable: null,
  });
});

test('effect size and detectable difference follow from the deviation', () => {
  const first = Array.from({ length: 100 }, () => 0);
  const second = first.map((_, row) => (row % 2 === 0 ? 0.5 : 0.1));
  const { effectSize, detectable } = pairedComparison(first, second, { seed: 1 });
  const deviation = 0.2 * Math.sqrt(100 / 99);
  expect(effectSize).toBeCloseTo(0.3 / deviation, 10);
  expect(detectable).toBeCloseTo((2.8015852 * deviation) / 10, 6);
});

test("Holm's p-values equal those of R's p.adjust", () => {
  // p.adjust(c(0.01, 0.04, 0.03, 0.5), "holm")
  expect(holmAdjusted([0.01, 0.04, 0.03, 0.5])).toEqual([0.04, 0.09, 0.09, 0.5]);
  expect(holmAdjusted([])).toEqual([]);
});

test('of experiments with seven equal models at most 5 % find a difference with adjusted p', () => {
  const { raw, adjusted } = falseFindings(7, 30, 100);
  expect(raw).toBeGreaterThan(0.2);
  expect(adjusted).toBeLessThanOrEqual(0.1); // five and two standard deviations
});
