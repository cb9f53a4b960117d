import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { hashedDropout } from '../../src/ml/model/mt5-dropout.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { emitOnnx } from '../../src/ml/runtime/onnx/emit-onnx.ts';
import { simplify } from '../../src/ml/tensor/simplify.ts';
import { valueOf } from '../checkpoint/value-of.ts';

/**
 * A step costs about a microsecond a node beside its arithmetic, and a pass over all scores for some of them.
 */
test('the step of the nano model is computed by no more operators than it needs', async () => {
  const { nodes, counts } = await operatorsOf(1);
  // Lower a number with the change that saves operators; raise one only for what is worth its time.
  expect(nodes.length).toBeLessThanOrEqual(1343);
  // Full passes over masks and scores.
  for (const [operator, most] of Object.entries({
    BitwiseXor: 212,
    BitShift: 144,
    Where: 26,
    Less: 48,
    ReduceSum: 22,
  }))
    expect(counts[operator], operator).toBeLessThanOrEqual(most);
  // Products, a softmax for each attention, and no sum into rows that are met twice.
  expect(counts).toMatchObject({
    'com.microsoft.FusedMatMul': 98,
    MatMul: 49,
    Softmax: 6,
    ScatterElements: 1,
  });
});

test('a group of rows costs what its attention needs, and parts of tokens are joined, not padded and added', async () => {
  const { nodes, counts } = await operatorsOf(4);
  expect(nodes.length).toBeLessThanOrEqual(2827);
  expect(counts).toMatchObject({ Softmax: 24, Pad: 1 });
});

async function operatorsOf(groups: number) {
  const { config } = valueOf(await openMt5Folder(join(import.meta.dirname, '../../data/models/nano-mt5')));
  const trace = { ...plainTrace({ ...config, dropoutRate: 0.1 }), dropout: hashedDropout, groups };
  const { nodes } = emitOnnx(simplify(trainingGraph(trace, trace.parameters).graph)).graph;
  const counts: Record<string, number> = {};
  for (const { operator } of nodes) counts[operator] = (counts[operator] ?? 0) + 1;
  return { nodes, counts };
}
