import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { hashedDropout } from '../../src/ml/model/mt5-dropout.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { takeOutMasks } from '../../src/ml/runtime/onnx/drawn-masks.ts';
import { emitOnnx } from '../../src/ml/runtime/onnx/emit-onnx.ts';
import { elementCount } from '../../src/ml/element-count.ts';
import { evaluate } from '../../src/ml/tensor/dimension.ts';
import type { OpName } from '../../src/ml/tensor/op.ts';
import { simplify } from '../../src/ml/tensor/simplify.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';
import { valueOf } from '../checkpoint/value-of.ts';

/**
 * A step costs about a microsecond a node beside its arithmetic, and a pass over all scores for some of them.
 */
test('the step of the nano model uses the minimal number of operators', async () => {
  const { nodes, counts } = await operatorsOf(1);
  // Lower a number with the change that saves operators; raise one only for what is worth its time.
  expect(nodes.length).toBeLessThanOrEqual(682);
  // Full passes over scores; masks are drawn outside.
  for (const [operator, most] of Object.entries({
    BitwiseXor: 0,
    BitShift: 0,
    Where: 2,
    Less: 0,
    ReduceSum: 21,
  }))
    expect(counts[operator] ?? 0, operator).toBeLessThanOrEqual(most);
  // Products, a softmax for each attention, and no sum into rows that are met twice.
  expect(counts).toMatchObject({
    'com.microsoft.FusedMatMul': 110,
    MatMul: 40,
    Softmax: 6,
    ScatterElements: 1,
  });
});

test('a group of rows costs what its attention needs; parts are concatenated', async () => {
  const { nodes, counts } = await operatorsOf(4);
  expect(nodes.length).toBeLessThanOrEqual(1502);
  // Two for each table of biases of a group, whose gradient is added up by distances.
  expect(counts).toMatchObject({ Softmax: 24, Pad: 2 * 2 * 4 });
});

test('a group of one row needs neither its padding masked nor its scores summed over rows', async () => {
  const { nodes, counts } = await operatorsOf(4, true);
  expect(nodes.length).toBeLessThanOrEqual(1310);
  expect(counts).toMatchObject({ Softmax: 24, 'com.microsoft.FusedMatMul': 218 });
});

test('the step of 8 rows of 48 tokens moves no more bytes than needed', async () => {
  const moving: ReadonlySet<OpName> = new Set([
    'Transpose',
    'Expand',
    'Slice',
    'Pad',
    'Concat',
    'Gather',
    'Pack',
    'Unpack',
  ]);
  const [batch, tokens] = [8, 48];
  const sizes = new Map(
    Object.entries({
      batch,
      source: tokens,
      target: tokens,
      sourceTokens: batch * tokens,
      targetTokens: batch * tokens,
      partTokens: batch * tokens,
    }),
  );
  const { outputs } = simplify((await stepOfNano(1)).graph);
  const bytes = inputsFirst(Object.values(outputs))
    .filter(({ op }) => moving.has(op))
    .reduce((sum, { shape }) => sum + 4 * elementCount(shape.map((size) => evaluate(size, sizes))), 0);
  expect(bytes / 2 ** 20).toBeLessThanOrEqual(19.6);
});

async function operatorsOf(groups: number, singleRows = false) {
  const { graph } = await stepOfNano(groups, singleRows);
  const { nodes } = emitOnnx(simplify(takeOutMasks(graph).graph)).graph;
  const counts: Record<string, number> = {};
  for (const { operator } of nodes) counts[operator] = (counts[operator] ?? 0) + 1;
  return { nodes, counts };
}

async function stepOfNano(groups: number, singleRows = false) {
  const { config } = valueOf(await openMt5Folder(join(import.meta.dirname, '../../data/models/nano-mt5')));
  const trace = {
    ...plainTrace({ ...config, dropoutRate: 0.1 }),
    dropout: hashedDropout,
    groups,
    singleRows,
  };
  return trainingGraph(trace, trace.parameters);
}
