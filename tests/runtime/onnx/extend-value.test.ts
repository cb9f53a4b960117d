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

test('repeated extensions are those of lists, from no elements on', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.nat(1000)), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(steps, (some) => {
      const extend = createExtender();
      let value = real([2, 2, 0, 3], 0);
      let expected: Blocks = [
        [[], []],
        [[], []],
      ];
      for (const [length, first] of some) {
        const newest = real([2, 2, length, 3], first);
        value = extend(value, newest, 2);
        const added = blocksOf(newest);
        expected = expected.map((row, index) =>
          row.map((block, head) => [...block, ...(added[index]?.[head] ?? [])]),
        );
        expect(blocksOf(value)).toEqual(expected);
      }
      expect(value.shape).toEqual([2, 2, some.reduce((sum, [length]) => sum + length, 0), 3]);
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
