import { expect, test } from 'vitest';
import { graphFaults } from '../../src/ml/tensor/check-graph.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { add, multiply } from '../../src/ml/tensor/ops/elementwise.ts';
import { reshape } from '../../src/ml/tensor/ops/layout.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';
import { nodesOf, opCases } from './op-cases.ts';

test.each(Object.entries(opCases))('graphs built of %s are valid', (_, cases) => {
  for (const each of cases) expect(graphFaults({ outputs: { result: nodesOf(each).result } })).toEqual([]);
});

test('every fault is found', () => {
  const x = input('x', 'float32', ['n']);
  const wrongType = { ...multiply(x, 2), shape: ['m'] };
  // @ts-expect-error -- no op of ours: a graph may come from code that is not type-checked
  const unknown: Node = { ...x, op: 'Guess' };
  const faults = graphFaults({
    outputs: {
      a: add(x, input('x', 'float32', ['n'])),
      b: input('x', 'float32', [3]),
      wrongType,
      unknown,
      c: { ...add(x, x), inputs: [x] },
    },
  });
  expect(faults).toEqual([
    'Multiply has type float32[m], but its rule gives float32[n]',
    'unknown op "Guess"',
    'Add has 1 inputs, expected 2',
    'the input "x" is float32[n] and float32[3]',
    'no input has the size "m" as an axis',
  ]);
});

test('a size that no feed shows is a fault', () => {
  expect(graphFaults({ outputs: { a: reshape(input('x', 'float32', ['n*m']), ['n', 'm']) } })).toEqual([
    'no input has the size "m" as an axis',
    'no input has the size "n" as an axis',
  ]);
});
