import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createExtender, type Real } from '../../../src/ml/runtime/onnx/extend-value.ts';

const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const real = (shape: readonly number[], first: number): Real => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: count(shape) }, (_, index) => first + index),
});

/** [rows, 2, past, 3] as nested lists, extended by their elements. */
type Blocks = readonly (readonly (readonly number[])[])[];

const blocksOf = ({ shape: [rows = 0, heads = 0], data }: Real): Blocks =>
  Array.from({ length: rows }, (_, row) =>
    Array.from({ length: heads }, (__, head) => {
      const size = data.length / (rows * heads);
      return Array.from(data.subarray((row * heads + head) * size, (row * heads + head + 1) * size));
    }),
  );

test('repeated extensions of chosen rows are those of lists, from no elements on', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(1000), fc.boolean()), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(steps, (some) => {
      const extend = createExtender();
      let value = real([1, 2, 0, 3], 0);
      let expected: Blocks = [[[], []]];
      for (const [width, seed, keepsAll] of some) {
        const before = expected.length;
        const all = Array.from({ length: keepsAll ? before : width }, (_, row) =>
          keepsAll ? row : (seed * 7 + row * 3) % before,
        );
        const newest = real([all.length, 2, 1, 3], seed);
        value = extend(value, newest, 2, keepsAll ? undefined : Int32Array.from(all));
        const added = blocksOf(newest);
        expected = all.map((source, row) =>
          (expected[source] ?? []).map((block, head) => [...block, ...(added[row]?.[head] ?? [])]),
        );
        expect(blocksOf(value)).toEqual(expected);
      }
      expect(value.shape).toEqual([expected.length, 2, some.length, 3]);
    }),
  );
});

test('a value from elsewhere is extended on the first axis and not changed', () => {
  const extend = createExtender();
  const rows = real([2, 2], 1);
  const longer = extend(rows, real([1, 2], 9), 0);
  expect([...longer.data]).toEqual([1, 2, 3, 4, 9, 10]);
  expect([...extend(longer, real([2, 2], 20), 0).data]).toEqual([1, 2, 3, 4, 9, 10, 20, 21, 22, 23]);
  expect([...rows.data]).toEqual([1, 2, 3, 4]);
});
