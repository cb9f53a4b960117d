import { expect, test } from 'vitest';
import { hashedDropout } from '../../src/ml/model/mt5-dropout.ts';
import { trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { graphFaults } from '../../src/ml/tensor/check-graph.ts';
import { inBfloat16 } from '../../src/ml/tensor/in-bfloat16.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';
import { tinyConfig } from '../model/tiny-model.ts';

const trace = { ...plainTrace(tinyConfig), dropout: hashedDropout };
const plain = trainingGraph(trace, trace.parameters, { labelSmoothing: 0.1 }).graph;
const rounded = inBfloat16(plain);
const nodes = inputsFirst(Object.values(rounded.outputs));
const typesOf = (op: Node['op']): ReadonlySet<string> =>
  new Set(
    nodes.filter((node) => node.op === op).flatMap(({ dtype, inputs }) => [dtype, inputs[0]?.dtype ?? '']),
  );

test('a training step in bfloat16 is a legal graph with the outputs of the plain one, in float32', () => {
  expect(graphFaults(rounded)).toEqual([]);
  const types = ({ outputs }: typeof plain) =>
    Object.entries(outputs).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  expect(types(rounded)).toEqual(types(plain));
});

test('products are of bfloat16, norms, losses and softmax of float32', () => {
  expect([...typesOf('MatMul')]).toEqual(['bfloat16']);
  for (const op of ['RmsNorm', 'InverseRms', 'Softmax', 'LogSoftmax', 'CrossEntropy', 'ReduceSum'] as const)
    expect([...typesOf(op)], op).toEqual(['float32']);
});

test('what a product or a softmax gives is kept rounded: no float32 of it is used twice', () => {
  const uses = new Map<Node, number>();
  for (const { inputs } of nodes) for (const each of inputs) uses.set(each, (uses.get(each) ?? 0) + 1);
  const widened = nodes.filter(
    ({ op, dtype, inputs }) => op === 'Cast' && dtype === 'float32' && inputs[0]?.dtype === 'bfloat16',
  );
  expect(widened.length).toBeGreaterThan(10);
  for (const node of [...widened, ...nodes.filter(({ op }) => op === 'Softmax')])
    expect(uses.get(node) ?? 0).toBeLessThanOrEqual(1);
});
