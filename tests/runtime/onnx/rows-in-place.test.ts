import { expect, test } from 'vitest';
import { compileOnnx } from '../../../src/ml/runtime/onnx/compile-onnx.ts';
import { takeOutRows, valuesOfRows } from '../../../src/ml/runtime/onnx/rows-in-place.ts';
import type { HostValue } from '../../../src/ml/runtime/runtime.ts';
import { multiply } from '../../../src/ml/tensor/ops/elementwise.ts';
import { concat, slice } from '../../../src/ml/tensor/ops/layout.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';
import { inputsFirst } from '../../../src/ml/tensor/walk.ts';

const real = (shape: readonly number[], ...values: readonly number[]): HostValue => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

test('rows of a table are read and written where they lie, without operators that copy them', async () => {
  const table = input('table', 'float32', [3, 2]);
  const [top, rest] = [slice(table, 0, 0, 1), slice(table, 0, 1, 2)];
  const whole = concat([multiply(rest, 2), multiply(top, 3)], 0);
  const { graph, inputs, outputs } = takeOutRows({ outputs: { whole, top: multiply(top, 5) } });
  expect(
    inputsFirst(Object.values(graph.outputs)).filter(({ op }) => op === 'Slice' || op === 'Concat'),
  ).toEqual([]);

  const feeds = { table: real([3, 2], 1, 2, 3, 4, 5, 6) };
  const into = { whole: real([3, 2], 0, 0, 0, 0, 0, 0) };
  const program = await compileOnnx(graph, { threads: 1 });
  const places = valuesOfRows(into, outputs);
  const results = await program.run(valuesOfRows(feeds, inputs), (name) => places[name]);
  expect(into.whole).toEqual(real([3, 2], 6, 8, 10, 12, 3, 6));
  expect(results['top']).toEqual(real([1, 2], 5, 10));
});

test('columns, and rows of what is not an input, are left to the graph', () => {
  const table = input('table', 'float32', [3, 2]);
  const graph = { outputs: { column: slice(table, 1, 0, 1), row: slice(multiply(table, 2), 0, 0, 1) } };
  expect(takeOutRows(graph)).toEqual({ graph, inputs: [], outputs: [] });
});
