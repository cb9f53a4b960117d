import { describe, expect, test } from 'vitest';
import { emitOnnx } from '../../../src/ml/runtime/onnx/emit-onnx.ts';
import { add, exp, multiply } from '../../../src/ml/tensor/ops/elementwise.ts';
import { reduceSum, reshape } from '../../../src/ml/tensor/ops/layout.ts';
import { crossEntropy } from '../../../src/ml/tensor/ops/loss.ts';
import { rmsNorm } from '../../../src/ml/tensor/ops/normalization.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';
import { gradients } from '../../../src/ml/autodiff/gradients.ts';
import { differentiated } from '../../tensor/differentiated.ts';
import { opCases } from '../../tensor/op-cases.ts';

const x = input('x', 'float32', ['n', 'm']);

test('equal subgraphs are computed once', () => {
  const { graph } = emitOnnx({ outputs: { a: exp(add(x, 1)), b: multiply(exp(add(x, 1)), 2) } });
  expect(graph.nodes.map(({ operator }) => operator)).toEqual(['Add', 'Exp', 'Mul']);
});

test('the gradient of a norm uses the scale of the forward operator', () => {
  const norm = rmsNorm(input('x', 'float32', ['n', 4]), input('w', 'float32', [4]), 1e-6);
  const [gradient = x] = gradients(reduceSum(norm), [norm.inputs[0] ?? x]);
  const { graph } = emitOnnx({ outputs: { norm, gradient } });
  expect(
    graph.nodes
      .filter(({ operator }) => operator === 'SimplifiedLayerNormalization')
      .map(({ outputs }) => outputs.length),
  ).toEqual([2]);
});

describe('run-time sizes', () => {
  test('are feeds only where ONNX cannot infer them', () => {
    expect(emitOnnx({ outputs: { y: reshape(x, ['n', 'm', 1]) } }).sizeVectors).toEqual([]);
    expect(emitOnnx({ outputs: { y: reshape(x, ['n*m', 1]) } }).sizeVectors).toEqual([]);
    const flat = input('flat', 'float32', ['n*m']);
    const { sizeVectors } = emitOnnx({
      outputs: { y: add(reshape(flat, ['n', 'm']), x), z: reshape(flat, ['n', 'm']) },
    });
    expect(sizeVectors.map(({ dimensions }) => dimensions)).toEqual([['n', 'm']]);
  });
});

test('no index is written twice: no operator has a reduction, and only the loss scatters', () => {
  const nodes = Object.entries(opCases).flatMap(([op, cases]) =>
    cases.flatMap((opCase) => {
      const { result, gradients: found } = differentiated(opCase);
      const outputs = Object.fromEntries([
        ['result', result] as const,
        ...[...found].flatMap(([name, node]) => (node === undefined ? [] : [[name, node] as const])),
      ]);
      return emitOnnx({ outputs }).graph.nodes.map((node) => ({ op, ...node }));
    }),
  );
  expect(nodes.filter(({ attributes }) => 'reduction' in attributes)).toEqual([]);
  expect(new Set(nodes.filter(({ operator }) => operator.includes('Scatter')).map(({ op }) => op))).toEqual(
    new Set(['CrossEntropy', 'LabelScores', 'SubtractAtLabels', 'SubtractOneHot']),
  );
});

test('parameters are inputs, never constants of the program', () => {
  const { graph } = emitOnnx({
    outputs: {
      loss: reduceSum(
        crossEntropy(input('logits', 'float32', ['n', 250_112]), input('labels', 'int32', ['n'])),
      ),
    },
  });
  expect(graph.inputs.map(({ name }) => name)).toEqual(['in:logits', 'in:labels']);
  expect(graph.constants.every(({ values }) => values.length <= 2)).toBe(true);
});
