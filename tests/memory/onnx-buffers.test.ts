import { expect, test } from 'vitest';
import { onnxBuffers } from '../../src/ml/memory/onnx-buffers.ts';
import { symbolicOnnxSizes } from '../../src/ml/memory/onnx-sizes.ts';
import { emitOnnx } from '../../src/ml/runtime/onnx/emit-onnx.ts';
import type { OnnxNode } from '../../src/ml/runtime/onnx/model-proto.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { add, exp, multiply } from '../../src/ml/tensor/ops/elementwise.ts';
import { concat, reduceSum, reshape, slice, transpose } from '../../src/ml/tensor/ops/layout.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';

const node = (operator: string, inputs: readonly string[], output: string): OnnxNode => ({
  operator,
  inputs,
  outputs: [output],
  attributes: {},
});
const matrix = { dtype: 'float32', shape: [4, 8] } as const;

/** The buffers of a chain of values, each computed from the one before. */
function buffersOf(operators: readonly string[], shapes: Readonly<Record<string, readonly number[]>> = {}) {
  const nodes = operators.map((operator, index) => node(operator, [`v${index}`], `v${index + 1}`));
  const sized = new Map(
    Array.from({ length: operators.length + 1 }, (_, index) => {
      const name = `v${index}`;
      return [name, { ...matrix, shape: shapes[name] ?? matrix.shape }] as const;
    }),
  );
  return Object.fromEntries(onnxBuffers(nodes, [`v${operators.length}`], sized));
}

test('a value takes over the buffer of one that is not needed any more', () => {
  expect(buffersOf(['Exp', 'Exp', 'Exp', 'Exp'])).toEqual({ v1: 'v1', v2: 'v2', v3: 'v1', v4: 'v4' });
});

test('not if the shapes differ, or are not known', () => {
  expect(buffersOf(['Exp', 'Exp', 'Exp', 'Exp'], { v3: [8, 4] })).toMatchObject({ v3: 'v3' });
  const unknown = { v1: [4, NaN], v3: [4, NaN] };
  expect(buffersOf(['Exp', 'Exp', 'Exp', 'Exp'], unknown)).toMatchObject({ v1: 'v1', v3: 'v3' });
});

test('a view, and an operator that may write over its input, lie in the same buffer', () => {
  expect(buffersOf(['Exp', 'Reshape', 'Exp', 'Exp'], { v2: [32] })).toMatchObject({ v2: 'v1' });
  expect(buffersOf(['Exp', 'Sigmoid', 'Exp'])).toMatchObject({ v2: 'v1' });
});

test('nothing writes over a value that is still needed, or over an output', () => {
  const nodes = [node('Exp', ['in'], 'a'), node('Sigmoid', ['a'], 'b'), node('Add', ['a', 'b'], 'c')];
  const shapes = new Map(['in', 'a', 'b', 'c'].map((name) => [name, matrix] as const));
  expect(Object.fromEntries(onnxBuffers(nodes, ['c'], shapes))).toEqual({ a: 'a', b: 'b', c: 'c' });
  const kept = onnxBuffers([...nodes, node('Exp', ['c'], 'd')], ['a', 'd'], shapes);
  expect(kept.get('d')).toBe('d');
  expect(new Set(kept.values()).size).toBe(kept.size);
});

/** The shape of a node, with the names of sizes numbered in order, and null for a size that is not known. */
function inferredShape(of: Node): readonly (number | string | null)[] {
  const graph = emitOnnx({ outputs: { of } });
  const shape = symbolicOnnxSizes(graph).get(graph.outputs['of'] ?? '')?.shape ?? [];
  return shape.map((size) => (Number.isNaN(size) ? null : size < 1000 ? size : `name ${size - 2 ** 48}`));
}

test('shapes are inferred from named sizes as onnx does', () => {
  const x = input('x', 'float32', ['rows', 8]);
  const y = input('y', 'float32', ['columns', 8]);
  expect(inferredShape(add(x, exp(x)))).toEqual(['name 0', 8]);
  expect(inferredShape(multiply(x, reduceSum(x, [0], true)))).toEqual(['name 0', 8]);
  expect(inferredShape(transpose(x, [1, 0]))).toEqual([8, 'name 0']);
  expect(inferredShape(concat([exp(x), exp(y)], 0))).toEqual([null, 8]);
  expect(inferredShape(slice(x, 1, 0, 4))).toEqual(['name 0', 4]);
  expect(inferredShape(slice(x, 0, 0, 4))).toEqual([null, 8]);
  expect(inferredShape(reshape(x, ['rows', 2, 4]))).toEqual(['name 0', 2, 4]);
});
