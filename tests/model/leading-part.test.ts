import { expect, test } from 'vitest';
import { leadingColumnPart, leadingSingularPart, type Matrix } from '../../src/ml/model/leading-part.ts';
import { uniformValues } from '../../src/ml/model/random-values.ts';

/** A matrix with these singular values: reflections turn a diagonal one. */
function withSingularValues(values: readonly number[], rows: number, columns: number, seed: number): Matrix {
  const data = new Float64Array(rows * columns);
  values.forEach((value, index) => {
    data[index * columns + index] = value;
  });
  for (let round = 0; round < 3; round += 1) {
    reflect(data, { count: rows, step: columns, lines: columns, next: 1 }, seed + 2 * round);
    reflect(data, { count: columns, step: 1, lines: rows, next: columns }, seed + 2 * round + 1);
  }
  return { rows, columns, data: Float32Array.from(data) };
}

interface Lines {
  readonly count: number;
  readonly step: number;
  readonly lines: number;
  readonly next: number;
}

/** Multiplies every line with I - 2 v vᵀ / |v|². */
function reflect(data: Float64Array, { count, step, lines, next }: Lines, seed: number): void {
  const v = uniformValues(count, 1, seed, 'reflection');
  const squares = v.reduce((sum, x) => sum + x * x, 0);
  for (let line = 0; line < lines; line += 1) {
    let share = 0;
    for (let i = 0; i < count; i += 1) share += (data[line * next + i * step] ?? 0) * (v[i] ?? 0);
    for (let i = 0; i < count; i += 1) {
      const at = line * next + i * step;
      data[at] = (data[at] ?? 0) - ((2 * share) / squares) * (v[i] ?? 0);
    }
  }
}

const norm = (data: ArrayLike<number>): number =>
  Math.sqrt(Array.from(data).reduce((sum, value) => sum + value * value, 0));

const relativeDifference = (found: Float32Array, expected: Float32Array): number =>
  norm(found.map((value, index) => value - (expected[index] ?? 0))) / norm(expected);

test.each([
  ['tall', 40, 24],
  ['wide', 24, 40],
  ['square, of many equal values', 32, 32],
] as const)(
  'the leading part keeps the largest singular values and leaves the rest (%s)',
  (kind, rows, columns) => {
    const side = Math.min(rows, columns);
    const all = Array.from({ length: side }, (_, i) =>
      kind.startsWith('square') ? (i < 6 ? 5 : 1) : 1 + (side - i) ** 2 / 20,
    );
    const rank = 6;
    const whole = withSingularValues(all, rows, columns, 7);
    const leading = withSingularValues(all.slice(0, rank), rows, columns, 7);
    expect(relativeDifference(leadingSingularPart(whole, rank), leading.data)).toBeLessThan(1e-6);
  },
);

test('768 x 768 with singular values within 1e-5 of each other', () => {
  const all = Array.from({ length: 768 }, (_, i) => 3 - 2.9 * (i / 768));
  const whole = withSingularValues(all, 768, 768, 3);
  const leading = withSingularValues(all.slice(0, 8), 768, 768, 3);
  expect(relativeDifference(leadingSingularPart(whole, 8), leading.data)).toBeLessThan(1e-5);
}, 60_000);

test('a matrix of few values, of one, of zeros: no remainder, and no NaN', () => {
  const few = withSingularValues([4, 2], 12, 9, 5);
  expect(relativeDifference(leadingSingularPart(few, 5), few.data)).toBeLessThan(1e-6);
  expect([...leadingSingularPart({ rows: 3, columns: 4, data: new Float32Array(12) }, 2)]).toEqual(
    Array(12).fill(0),
  );
  expect([...leadingColumnPart({ rows: 3, columns: 4, data: new Float32Array(12) }, 2)]).toEqual(
    Array(12).fill(0),
  );
  const whole = withSingularValues([3, 2, 1], 3, 5, 1);
  expect(leadingSingularPart(whole, 9)).toEqual(whole.data);
});

test('the part of the first columns has those columns, and is orthogonal to the rest', () => {
  const { rows, columns, data } = withSingularValues([9, 7, 5, 3, 2, 1], 10, 6, 2);
  const part = leadingColumnPart({ rows, columns, data }, 2);
  for (let row = 0; row < rows; row += 1)
    for (const column of [0, 1])
      expect(part[row * columns + column]).toBeCloseTo(data[row * columns + column] ?? 0, 5);
  for (let a = 0; a < columns; a += 1)
    for (let b = 0; b < columns; b += 1) {
      let product = 0;
      for (let row = 0; row < rows; row += 1) {
        const at = row * columns;
        product += (part[at + a] ?? 0) * ((data[at + b] ?? 0) - (part[at + b] ?? 0));
      }
      expect(product).toBeCloseTo(0, 4);
    }
});
