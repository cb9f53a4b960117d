import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encoderBatches } from '../../src/ml/model/encoder-batches.ts';

const rowsOf = (lengths: readonly number[]): number[][] =>
  lengths.map((length, place) => Array.from({ length }, () => place));

test('a batch has at most 1,024 slots and 1.3 for each token, or one row', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 200 });
  fc.assert(
    fc.property(lengths, (some) => {
      const rows = rowsOf(some.toSorted((a, b) => b - a));
      const batches = encoderBatches(rows);
      expect(batches.flat()).toEqual(rows);
      for (const batch of batches.filter(({ length }) => length > 1)) {
        const slots = batch.length * Math.max(...batch.map(({ length }) => length));
        expect(slots).toBeLessThanOrEqual(1024);
        expect(slots).toBeLessThanOrEqual(1.3 * batch.flat().length);
      }
    }),
  );
});

test('rows of one length fill a batch', () => {
  const batches = encoderBatches(rowsOf(Array.from({ length: 100 }, () => 32)));
  expect(batches.map(({ length }) => length)).toEqual([32, 32, 32, 4]);
});
