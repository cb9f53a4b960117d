import { expect, test } from 'vitest';
import { createGraphWriter, type HeldValue } from '../../../src/ml/runtime/tensorflow/emit-graph.ts';
import { lowerGroups } from '../../../src/ml/runtime/tensorflow/variable-groups.ts';

test('variables are filled with a zero that is fed, so TensorFlow folds no constants of their size', () => {
  const shapes = new Map([
    ['weight', [300, 200]],
    ['ids', [70, 50]],
  ]);
  const held = new Map<string, HeldValue>([
    ['weight', { dtype: 'float32', shape: [300, 200] }],
    ['ids', { dtype: 'int32', shape: [70, 50] }],
  ]);
  const graph = createGraphWriter({ precision: 'float32', device: 'cpu' });
  const [group] = lowerGroups(graph, held, shapes);

  const operators = new Map(graph.nodes.map(({ name, operator }) => [name, operator]));
  const filled = graph.nodes
    .filter(({ operator }) => operator === 'Fill')
    .map(({ inputs: [, zero = ''] }) => zero);
  expect(filled).toHaveLength(2);
  expect(filled.map((zero) => operators.get(zero))).toEqual(['Placeholder', 'Placeholder']);
  expect(new Map(group?.zeros)).toEqual(
    new Map([
      [filled[0], { dtype: 'int32', shape: [], data: Int32Array.of(0) }],
      [filled[1], { dtype: 'float32', shape: [], data: Float32Array.of(0) }],
    ]),
  );
});
