import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAdamW } from '../../../src/ml/runtime/onnx/adamw.ts';
import { createKernels } from '../../../src/ml/runtime/onnx/kernels/kernels.ts';
import { createRowGradient } from '../../../src/ml/runtime/onnx/kernels/row-gradient.ts';

const [tableRows, width, blockRows] = [7, 3, 2];
const values = fc.float({ noNaN: true, min: -4, max: 4 });
const floats = (count: number): fc.Arbitrary<readonly number[]> =>
  fc.array(values, { minLength: count, maxLength: count });

/** Parameter and moments after three steps over the same rows, given whole or by rows, in blocks. */
function trained(
  parameter: readonly number[],
  ids: readonly number[],
  rows: readonly number[],
  by: 'rows' | 'whole',
) {
  const length = tableRows * width;
  const kernels = createKernels();
  const ofGradient = by === 'rows' ? blockRows * width : length;
  const [[table = empty, first = empty, second = empty, gradient = empty] = []] = kernels.allocate([
    [length, length, length, ofGradient],
  ]);
  table.set(parameter);
  const byRows = createRowGradient([tableRows, width]);
  byRows.add(Float32Array.from(rows), Int32Array.from(ids));
  if (by === 'whole') for (const { offset, values: row } of byRows.rows()) gradient.set(row, offset);
  const tensor = {
    name: 'table',
    shape: [tableRows, width],
    parameter: table,
    gradient,
    rows: by === 'rows' ? byRows : undefined,
    moments: [first, second],
    weightDecay: 0.1,
  };
  const optimizer = createAdamW([tensor], { name: 'adamw' }, kernels);
  for (const step of [1, 2, 3]) optimizer.update({ step, learningRate: 0.1, gradientScale: 0.5 });
  return [...table, ...first, ...second];
}

test('a gradient by rows and a whole one give the same bits, in every block of rows', () => {
  const cases = fc
    .array(fc.nat(tableRows - 1), { maxLength: 9 })
    .chain((ids) => fc.tuple(floats(tableRows * width), fc.constant(ids), floats(ids.length * width)));
  fc.assert(
    fc.property(cases, ([parameter, ids, rows]) => {
      expect(trained(parameter, ids, rows, 'rows')).toEqual(trained(parameter, ids, rows, 'whole'));
    }),
  );
});

const empty = new Float32Array(0);
