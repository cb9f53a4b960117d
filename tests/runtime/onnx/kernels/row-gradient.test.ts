import { expect, test } from 'vitest';
import { createRowGradient } from '../../../../src/ml/runtime/onnx/kernels/row-gradient.ts';

const rowsOf = (gradient: ReturnType<typeof createRowGradient>) =>
  gradient.rows().map(({ offset, values }) => [offset, ...values]);

test('rows at repeated indices are added up, over several calls, and listed by their place', () => {
  const gradient = createRowGradient([10, 2]);
  gradient.add(Float32Array.of(1, 2, 3, 4, 5, 6), Int32Array.of(7, 2, 7));
  gradient.add(Float32Array.of(10, 20, 30, 40), Int32Array.of(9, 2));
  expect(rowsOf(gradient)).toEqual([
    [4, 33, 44],
    [14, 6, 8],
    [18, 10, 20],
  ]);
  expect([...gradient.elements()]).toEqual([6, 8, 33, 44, 10, 20]);
});

test('nothing is left of the rows of a step before', () => {
  const gradient = createRowGradient([10, 2]);
  gradient.add(Float32Array.of(1, 2, 3, 4), Int32Array.of(7, 2));
  gradient.clear();
  expect(rowsOf(gradient)).toEqual([]);
  expect([...gradient.elements()]).toEqual([]);
  gradient.add(Float32Array.of(5, 6), Int32Array.of(3));
  expect(rowsOf(gradient)).toEqual([[6, 5, 6]]);
});

test('an index outside the table is an error', () => {
  const gradient = createRowGradient([10, 2]);
  expect(() => gradient.add(Float32Array.of(1, 2), Int32Array.of(10))).toThrow(
    'row 10 is not in a table of 10',
  );
});
