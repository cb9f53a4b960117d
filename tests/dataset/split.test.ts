import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shuffledIndices } from '../../src/ml/dataset/shuffle.ts';
import {
  holdOut,
  holdOutGroups,
  holdOutStrata,
  testSplit,
  validationSplit,
  validationSplitOf,
} from '../../src/ml/dataset/split.ts';

test("a shuffle equals Python's for seeds of zero, one and several words", () => {
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

test('a split contains every row once, the held-out share first', () => {
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

test('a sample of all rows contains them all, and another seed gives another order', () => {
  expect(holdOut(5, 9, 1).heldOut.toSorted()).toEqual([0, 1, 2, 3, 4]);
  expect(holdOut(5, 9, 1).kept).toEqual([]);
  expect(holdOut(100, 10, 1)).not.toEqual(holdOut(100, 10, 2));
});

const label = fc.constantFrom('a', 'b', 'c', 'd', 'e');

test('groups are never split, and the held-out size is as near as groups allow', () => {
  fc.assert(
    fc.property(fc.array(label, { maxLength: 60 }), fc.nat(60), fc.integer(), (groups, size, seed) => {
      const { heldOut, kept } = holdOutGroups(groups, size, seed);
      const [held, rest] = [heldOut, kept].map((rows) => new Set(rows.map((row) => groups[row])));
      expect([...(held ?? [])].filter((group) => rest?.has(group))).toEqual([]);
      expect([...heldOut, ...kept].toSorted((a, b) => a - b)).toEqual(groups.map((_, row) => row));
      for (const group of rest ?? []) {
        const more = groups.filter((one) => one === group).length;
        expect(Math.abs(heldOut.length + more - size)).toBeGreaterThanOrEqual(
          Math.abs(heldOut.length - size),
        );
      }
    }),
  );
});

test('groups of one row, and a single stratum, are split as rows', () => {
  const rows = Array.from({ length: 50 }, (_, row) => String(row));
  expect(holdOutGroups(rows, 7, 42)).toEqual(holdOut(50, 7, 42));
  expect(holdOutStrata(rows.fill('x'), 7, 42)).toEqual(holdOut(50, 7, 42));
});

test('a stratified split has the exact size, and of each stratum its share within one row', () => {
  fc.assert(
    fc.property(
      fc.array(label, { minLength: 1, maxLength: 80 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer(),
      (strata, fraction, seed) => {
        const size = Math.ceil(strata.length * fraction);
        const { heldOut, kept } = holdOutStrata(strata, size, seed);
        expect([...heldOut, ...kept].toSorted((a, b) => a - b)).toEqual(strata.map((_, row) => row));
        expect(heldOut).toHaveLength(size);
        for (const stratum of new Set(strata)) {
          const share = (size * strata.filter((one) => one === stratum).length) / strata.length;
          const held = heldOut.filter((row) => strata[row] === stratum).length;
          expect(Math.abs(held - share)).toBeLessThan(1);
        }
      },
    ),
  );
});

test('validation keeps groups together; rows without groups are split as before', () => {
  const rows = Array.from({ length: 40 }, (_, row) => ({ group: String(row % 8) }));
  const { heldOut, kept } = validationSplitOf(rows, 0.25, 42);
  expect(heldOut).toHaveLength(10);
  expect(new Set(heldOut.map((row) => row % 8))).toHaveProperty('size', 2);
  expect(kept.some((row) => heldOut.some((held) => held % 8 === row % 8))).toBe(false);
  expect(validationSplitOf([{}, {}, {}, {}], 0.5, 1)).toEqual(validationSplit(4, 0.5, 1));
});
