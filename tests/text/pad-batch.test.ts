import fc from 'fast-check';
import { expect, test } from 'vitest';
import { padBatch } from '../../src/ml/text/pad-batch.ts';

test('rows are padded to the longest', () => {
  expect(padBatch([[5, 6, 7], [8]], 0)).toEqual({
    ids: [
      [5, 6, 7],
      [8, 0, 0],
    ],
    mask: [
      [1, 1, 1],
      [1, 0, 0],
    ],
    length: 3,
  });
});

test('or to a given length, which a longer row exceeds', () => {
  expect(padBatch([[5]], 9, { length: 3 }).ids).toEqual([[5, 9, 9]]);
  expect(padBatch([[5, 6, 7, 8], [5]], 9, { length: 3 }).length).toBe(4);
});

test('and up to a multiple', () => {
  expect(padBatch([[5, 6, 7]], 0, { multipleOf: 8 }).length).toBe(8);
  expect(padBatch([[1, 2, 3, 4, 5, 6, 7, 8]], 0, { multipleOf: 8 }).length).toBe(8);
});

test('no rows, and rows without tokens', () => {
  expect(padBatch([], 0)).toEqual({ ids: [], mask: [], length: 0 });
  expect(padBatch([[]], 0, { multipleOf: 4 })).toEqual({ ids: [[]], mask: [[]], length: 0 });
});

test('the mask gives every row back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat())),
      fc.nat(20),
      fc.integer({ min: 1, max: 9 }),
      (rows, length, multipleOf) => {
        const { ids, mask } = padBatch(rows, 0, { length, multipleOf });
        expect(ids.map((row, index) => row.filter((_, at) => mask[index]?.[at] === 1))).toEqual(rows);
      },
    ),
  );
});
