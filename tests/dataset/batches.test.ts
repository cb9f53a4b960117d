import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { epochBatches, orderedBatches } from '../../src/ml/dataset/batches.ts';
import { shuffledIndices } from '../../src/ml/dataset/shuffle.ts';

const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 400 });
const options = fc.record({
  seed: fc.integer(),
  epoch: fc.nat(50),
  batchSize: fc.integer({ min: 1, max: 40 }),
  groupByLength: fc.boolean(),
});

test('every row is in one batch of an epoch; only the last batch is short', () => {
  fc.assert(
    fc.property(lengths, options, (rows, chosen) => {
      const batches = epochBatches(rows, chosen);
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual(rows.map((_, row) => row));
      expect(batches.slice(0, -1).every((batch) => batch.length === chosen.batchSize)).toBe(true);
      expect(batches).toHaveLength(Math.ceil(rows.length / chosen.batchSize));
      expect(epochBatches(rows, chosen)).toEqual(batches);
    }),
  );
});

test('each seed and epoch has an order of its own, that of Python for seed + (epoch + 1) * 2**32', () => {
  const rows = Array.from({ length: 50 }, () => 1);
  const order = (seed: number, epoch: number): readonly number[] =>
    epochBatches(rows, { seed, epoch, batchSize: 8 }).flat();
  const orders = [order(1, 0), order(1, 1), order(2, 0), order(2, 1)].map(String);
  expect(new Set(orders).size).toBe(4);
  expect(order(42, 3)).toEqual(shuffledIndices(50, 42n + (4n << 32n)));
  expect(order(42, 0)).not.toEqual(shuffledIndices(50, 42));
});

test('rows grouped by length need less padding, and the longest come first', () => {
  const rows = shuffledIndices(1000, 9).map((value) => 10 + (value % 500));
  const padding = (batches: readonly (readonly number[])[]): number =>
    batches.reduce(
      (sum, batch) => sum + batch.reduce((most, row) => Math.max(most, rows[row] ?? 0), 0) * batch.length,
      0,
    );
  const grouped = epochBatches(rows, { seed: 1, epoch: 2, batchSize: 8, groupByLength: true });
  expect(rows[grouped[0]?.[0] ?? -1]).toBe(509);
  expect(padding(grouped)).toBeLessThan(
    0.6 * padding(epochBatches(rows, { seed: 1, epoch: 2, batchSize: 8 })),
  );
});

test("grouped rows have the order of transformers' LengthGroupedSampler", () => {
  const cases: readonly {
    readonly lengths: readonly number[];
    readonly batchSize: number;
    readonly accumulation: number;
    readonly seed: number;
    readonly epoch: number;
    readonly order: readonly number[];
  }[] = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/length-groups.json'), 'utf8'));
  expect(cases.length).toBeGreaterThan(5);
  for (const { lengths: rows, order, ...chosen } of cases)
    expect(epochBatches(rows, { ...chosen, groupByLength: true }).flat(), JSON.stringify(chosen)).toEqual(
      order,
    );
});

test('evaluation takes the rows in order', () => {
  expect(orderedBatches(5, 2)).toEqual([[0, 1], [2, 3], [4]]);
  expect(orderedBatches(0, 2)).toEqual([]);
});
