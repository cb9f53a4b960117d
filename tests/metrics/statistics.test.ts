import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bootstrapEstimate, corpusScores } from '../../src/ml/metrics/bootstrap.ts';
import { randomBelow, randomBits } from '../../src/ml/metrics/counter-random.ts';
import { mean } from '../../src/ml/metrics/mean.ts';
import { pairedComparison } from '../../src/ml/metrics/paired-comparison.ts';

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

test('an interval depends on the seed alone and holds the mean', () => {
  const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(values, fc.integer(), (rows, seed) => {
      const estimate = bootstrapEstimate(rows, { seed, resamples: 200 });
      expect(estimate).toEqual(bootstrapEstimate(rows, { seed, resamples: 200 }));
      expect(estimate.mean).toBe(mean(rows));
      expect(estimate.low).toBeLessThanOrEqual(estimate.high);
      expect(estimate.low).toBeGreaterThanOrEqual(Math.min(...rows) - 1e-12);
      expect(estimate.high).toBeLessThanOrEqual(Math.max(...rows) + 1e-12);
    }),
  );
});

test('the interval of a mean of normal values is as wide as theory says', () => {
  const values = gaussian(400, 5);
  const { low, high } = bootstrapEstimate(values, { seed: 1, resamples: 4000 });
  const deviation = Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));
  expect((high - low) / (2 * 1.959964 * (deviation / 20))).toBeCloseTo(1, 1);
  const narrow = bootstrapEstimate(values, { seed: 1, resamples: 4000, confidence: 0.5 });
  expect((narrow.high - narrow.low) / (2 * 0.67449 * (deviation / 20))).toBeCloseTo(1, 1);
});

test('every corpus score has an interval, from the same resampled corpora', () => {
  const rows = [
    { f1: 0.5, double: 1 },
    { f1: 0.25, double: 0.5 },
    { f1: 0, double: 0 },
  ];
  const { f1, double } = corpusScores(rows, { seed: 7 });
  expect(f1).toEqual({ mean: 0.25, low: 0, high: 0.5 });
  expect(double).toEqual({ mean: 0.5, low: 0, high: 1 });
  expect(corpusScores([], { seed: 7 })).toEqual({});
});

test('two equal models do not differ, a better one does, and swapping the two turns the sign', () => {
  const noise = gaussian(300, 9);
  const better = noise.map((value, row) => value + 0.2 + (gaussian(1, row)[0] ?? 0) / 10);
  expect(pairedComparison(noise, noise, { seed: 1 })).toEqual({ mean: 0, low: 0, high: 0, pValue: 1 });
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
  // Of these 16 patterns, those with |±4 ±2 ±1 ±1| >= 4: all signs of 2, 1, 1 that add up to 0 or more beside the 4, and their mirror images.
  expect(pairedComparison([0, 0, 0, 0], [4, 2, -1, -1], { seed: 3, trials: 20_000 }).pValue).toBeCloseTo(
    10 / 16,
    2,
  );
  expect(() => pairedComparison([1], [1, 2], { seed: 1 })).toThrow(/cannot be paired/);
});
