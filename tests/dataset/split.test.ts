import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shuffledIndices } from '../../src/ml/dataset/shuffle.ts';
import { holdOut, testSplit, validationSplit } from '../../src/ml/dataset/split.ts';

test('a shuffle is that of Python for seeds of no, one and several words', () => {
  // x = list(range(12)); random.Random(seed).shuffle(x)
  expect(shuffledIndices(12, 42)).toEqual([7, 5, 2, 8, 9, 6, 11, 3, 4, 0, 1, 10]);
  expect(shuffledIndices(12, 0)).toEqual([1, 9, 8, 5, 10, 2, 3, 7, 4, 0, 11, 6]);
  expect(shuffledIndices(12, -7)).toEqual([7, 11, 3, 10, 8, 4, 9, 1, 0, 6, 2, 5]);
  expect(shuffledIndices(12, 2n ** 32n + 5n)).toEqual([9, 6, 8, 11, 3, 1, 10, 5, 0, 4, 7, 2]);
  expect(shuffledIndices(12, 123456789012345678901234567890n)).toEqual([
    6, 9, 10, 1, 8, 7, 5, 4, 0, 2, 3, 11,
  ]);
  // sum(i * v for i, v in enumerate(x)) of 2,000: more than one state of the generator
  expect(shuffledIndices(2000, 42).reduce((sum, value, index) => sum + value * index, 0)).toBe(1971270380);
});

test('a split holds every row once, the share held out first', () => {
  fc.assert(
    fc.property(
      fc.nat(300),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer(),
      (count, fraction, seed) => {
        const { heldOut, kept } = testSplit(count, fraction, seed);
        expect([...heldOut, ...kept]).toEqual(shuffledIndices(count, seed));
        expect(heldOut).toHaveLength(Math.ceil(count * fraction));
        expect(validationSplit(count, fraction, seed).heldOut).toHaveLength(Math.floor(count * fraction));
      },
    ),
  );
});

test('the original sizes: 3,037 of 30,366 rows', () => {
  expect(testSplit(30_366, 0.1, 42).heldOut).toHaveLength(3037);
  expect(validationSplit(27_329, 0.1, 42).heldOut).toHaveLength(2732);
});

test('a sample as large as the rows holds them all, and another seed gives another', () => {
  expect(holdOut(5, 9, 1).heldOut.toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(holdOut(5, 9, 1).kept).toEqual([]);
  expect(holdOut(100, 10, 1)).not.toEqual(holdOut(100, 10, 2));
});
