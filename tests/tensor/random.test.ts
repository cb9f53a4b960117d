import { describe, expect, test } from 'vitest';
import {
  drawOf,
  hashCombineOf,
  keepMask,
  keepMaskOf,
  keepMaskOfHalf,
  randomBits,
} from '../../src/ml/tensor/ops/random.ts';
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

  test('drops neighbours in a row, in a column and after a step independently', () => {
    for (const offset of [
      [0, 1],
      [1, 0],
      [1, 1],
      [0, 64],
      [128, 0],
      [1, 128],
    ] as const) {
      const both = bothAt(offset, dropped);
      expect(Math.abs(both.share - probability ** 2), offset.join()).toBeLessThan(
        tolerance(probability ** 2, both.count),
      );
    }
  });
});

test('a draw is pinned', () => {
  expect(
    [
      [1, 2],
      [0, 0],
      [-1, 7],
      [123456, 0x7fffffff],
    ].map(([x = 0, y = 0]) => drawOf(x, y)),
  ).toEqual([-1034042843, -2073254261, -1754915942, 1492100385]);
});

/**
 * Masks as the model draws them: rows and columns hashed, two elements to a draw. Key, site and row as
 * numbers.
 */
describe.each([0.05, 0.1, 0.5])('masks of halves that drop with probability %d', (probability) => {
  const [rows, columns] = [2000, 256];
  const maskOf = (key: number, site: number): readonly (readonly number[])[] =>
    Array.from({ length: rows }, (_, row) => {
      const state = hashCombineOf(hashCombineOf(key, site), row);
      return Array.from({ length: columns }, (__, column) => {
        const bits = drawOf(state, hashCombineOf(7, column % (columns / 2)));
        return Number(keepMaskOfHalf(bits, column < columns / 2 ? 'upper' : 'lower', probability) === 0);
      });
    });
  const mask = maskOf(42, 1);
  /** In standard deviations, how far what both drop is from what two independent masks would. */
  const dependence = (offset: readonly [number, number], other: readonly (readonly number[])[]): number => {
    const both = bothAt(offset, mask, other);
    return Math.abs(both.share - probability ** 2) / (tolerance(probability ** 2, both.count) / 4);
  };

  test('drop that share: in total, in every column and in every row', () => {
    const all = mask.flat();
    expect(Math.abs(share(all) - probability)).toBeLessThan(tolerance(probability, all.length));
    const far = (shares: readonly number[], n: number): number =>
      shares.filter((each) => Math.abs(each - probability) > tolerance(probability, n) / 2).length /
      shares.length;
    // Beyond two standard deviations is one in 22.
    expect(
      far(mask[0]?.map((_, column) => share(mask.map((line) => line[column] ?? 0))) ?? [], rows),
    ).toBeLessThan(0.1);
    expect(far(mask.map(share), columns)).toBeLessThan(0.1);
  });

  test('drop elements independently: neighbours, those of one draw, and those half a mask apart', () => {
    for (const down of [0, 1, 2, 64, 511])
      for (const right of [0, 1, 2, 63, 127, 128, 129])
        if (down + right > 0) expect(dependence([down, right], mask), `${down},${right}`).toBeLessThan(5);
  });

  test('are independent between sites, and between rows of the batch and steps', () => {
    for (const other of [maskOf(42, 2), maskOf(43, 1), maskOf(-42, 1)])
      for (const offset of [
        [0, 0],
        [0, 1],
        [1, 0],
        [0, 128],
        [1, 127],
      ] as const)
        expect(dependence(offset, other), offset.join()).toBeLessThan(5);
  });
});

const share = (of: readonly number[]): number => of.reduce((sum, each) => sum + each, 0) / of.length;

/** Four standard deviations of a share of n. */
const tolerance = (p: number, n: number): number => 4 * Math.sqrt((p * (1 - p)) / n);

/**
 * Of the elements that have one at an offset from them: how many there are, and the share in which both are
 * 1.
 */
function bothAt(
  [down, right]: readonly [number, number],
  table: readonly (readonly number[])[],
  others = table,
): { readonly count: number; readonly share: number } {
  let [count, both] = [0, 0];
  // Loops over millions of elements: lists of their products would take seconds.
  for (let row = 0; row < table.length; row += 1) {
    const line = table[row] ?? [];
    const other = others[row + down] ?? [];
    const end = Math.min(line.length, other.length - right);
    for (let column = 0; column < end; column += 1)
      both += (line[column] ?? 0) * (other[column + right] ?? 0);
    count += Math.max(0, end);
  }
  return { count, share: both / count };
}

test('only probabilities below 1 are accepted', () => {
  const bits = randomBits(input('key', 'int32', []), [input('row', 'int32', ['n'])]);
  expect(() => keepMask(bits, 1)).toThrow('1 is not a dropout probability');
  expect(() => keepMask(bits, Number.NaN)).toThrow('NaN');
  expect(keepMask(bits, 0).shape).toEqual(['n']);
});
