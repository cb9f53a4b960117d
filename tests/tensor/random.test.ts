import { describe, expect, test } from 'vitest';
import { hashCombineOf, keepMask, keepMaskOf, randomBits } from '../../src/ml/tensor/ops/random.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';

/**
 * Computed apart, with Python's whole numbers: a training that is resumed by a later version has to draw the
 * same masks.
 */
test('the hash is pinned', () => {
  expect([1, 2, 0x7fffffff, -1].map((x) => hashCombineOf(0, x))).toEqual([
    1753845952, -787275391, -1926627400, 1734902346,
  ]);
  expect(hashCombineOf(hashCombineOf(42, 7), 123456)).toBe(-1624765112);
});

describe.each([0.05, 0.1, 0.5])('a mask that drops with probability %d', (probability) => {
  const [rows, columns] = [400, 256];
  const dropped = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) =>
      Number(keepMaskOf(hashCombineOf(hashCombineOf(42, row), column), probability) === 0),
    ),
  );

  test('drops that share, and scales the rest to the same mean', () => {
    const all = dropped.flat();
    expect(Math.abs(share(all) - probability)).toBeLessThan(tolerance(probability, all.length));
    expect(keepMaskOf(-1, probability)).toBe(Math.fround(1 / (1 - probability)));
  });

  test('drops neighbours, in a row, in a column and after a step, independently', () => {
    for (const offset of [
      [0, 1],
      [1, 0],
      [1, 1],
      [0, 64],
      [128, 0],
      [1, 128],
    ] as const) {
      const both = productsAt(offset, dropped);
      expect(Math.abs(share(both) - probability ** 2), offset.join()).toBeLessThan(
        tolerance(probability ** 2, both.length),
      );
    }
  });
});

const share = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / of.length;

/** Four standard deviations of a share of n. */
const tolerance = (p: number, n: number): number => 4 * Math.sqrt((p * (1 - p)) / n);

/** Each element times the one at an offset from it, where there is one. */
function productsAt(
  [down, right]: readonly [number, number],
  table: readonly (readonly number[])[],
): readonly number[] {
  return table.flatMap((line, row) =>
    line.flatMap((each, column) => {
      const other = table[row + down]?.[column + right];
      return other === undefined ? [] : [each * other];
    }),
  );
}

test('probabilities are those that something is left of', () => {
  const bits = randomBits(input('key', 'int32', []), [input('row', 'int32', ['n'])]);
  expect(() => keepMask(bits, 1)).toThrow('1 is not a dropout probability');
  expect(() => keepMask(bits, Number.NaN)).toThrow('NaN');
  expect(keepMask(bits, 0).shape).toEqual(['n']);
});
