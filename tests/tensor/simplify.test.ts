import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphFaults } from '../../src/ml/tensor/check-graph.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { add, divide, maximum, multiply, subtract, where } from '../../src/ml/tensor/ops/elementwise.ts';
import { unpack } from '../../src/ml/tensor/ops/indexing.ts';
import { expand, reshape, slice, transpose } from '../../src/ml/tensor/ops/layout.ts';
import { constant, input } from '../../src/ml/tensor/ops/source.ts';
import { simplifications, simplify } from '../../src/ml/tensor/simplify.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';
import { evaluateNodes } from './reference-evaluator.ts';

const [x, y, row] = [
  input('x', 'float32', [2, 3, 4]),
  input('y', 'float32', [2, 3, 4]),
  input('row', 'float32', [4]),
];
/** Slots 2 and 0 hold the two tokens of x. */
const packing = {
  tokenSlots: constant([2, 0], [2], 'int32'),
  slotTokens: constant([1, 0, 0, 0], [4], 'int32'),
  slotMask: constant([1, 0, 1, 0], [4]),
};
const permutation = fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 });
const shapeOf24 = fc.constantFrom<readonly number[]>([24], [2, 12], [4, 3, 2], [2, 3, 4]);
const binary = fc.constantFrom(add, subtract, multiply, divide, maximum);

/** For each law, nodes that it fits. */
const matches: Readonly<Record<string, fc.Arbitrary<Node>>> = {
  'x * 1 = x': fc.constantFrom(
    multiply(x, 1),
    multiply(1, x),
    multiply(x, constant(1, [3, 4])),
    multiply(constant(1, [2, 1, 4]), x),
  ),
  'x / 1 = x': fc.constantFrom(divide(x, 1), divide(x, constant([1], [1]))),
  'reshape(x, shape of x) = x': fc.constant(reshape(x, x.shape)),
  'reshape(reshape(x, _), s) = reshape(x, s)': fc
    .tuple(shapeOf24, shapeOf24)
    .map(([first, second]) => reshape(reshape(x, first), second)),
  'transpose(x, identity) = x': fc.constant(transpose(x, [0, 1, 2])),
  'transpose(transpose(x, p), q) = transpose(x, q of p)': fc
    .tuple(permutation, permutation)
    .map(([p, q]) => transpose(transpose(x, p), q)),
  'expand(x) op y = x op y, where y has the shape': fc
    .tuple(binary, fc.boolean())
    .map(([op, left]) => (left ? op(expand(row, x.shape), y) : op(y, expand(row, x.shape)))),
  'slice(unpack(x, slots), some slots) = unpack(x, those slots)': fc
    .tuple(fc.constantFrom('zeros', 'some token'), fc.constantFrom<readonly [number, number]>([0, 2], [1, 3]))
    .map(([padding, [start, length]]) => slice(unpack(x, packing, padding), 0, start, length)),
};

const element = fc.oneof(
  fc.float({ min: -9, max: 9, noNaN: true }),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const values = (length: number): fc.Arbitrary<readonly number[]> =>
  fc.array(element, { minLength: length, maxLength: length });

describe.each(simplifications)('$law', ({ law, apply }) => {
  test('keeps dtype and value, also for NaN, infinities and -0', () => {
    fc.assert(
      fc.property(
        matches[law] ?? fc.constant(x),
        values(24),
        values(24),
        values(4),
        (node, ofX, ofY, ofRow) => {
          const simpler = apply(node);
          if (simpler === undefined) throw new Error('the law does not fit its own example');
          expect([simpler.dtype, simpler.shape]).toEqual([node.dtype, node.shape]);
          const feeds = {
            x: { shape: [2, 3, 4], data: ofX },
            y: { shape: [2, 3, 4], data: ofY },
            row: { shape: [4], data: ofRow },
          };
          const [before, after] = evaluateNodes([node, simpler], feeds);
          expect(after).toEqual(before);
        },
      ),
    );
  });
});

test('a factor that broadcasts to a larger shape is not simplified away', () => {
  const grows = multiply(row, constant(1, [2, 4]));
  const onlyExpanded = add(expand(row, [3, 4]), expand(row, [3, 4]));
  const simple = simplify({
    outputs: {
      grows,
      onlyExpanded,
      condition: where(input('c', 'bool', [4]), expand(row, [3, 4]), constant([1, 2, 3], [3, 1])),
    },
  });
  expect(Object.values(simple.outputs).map(({ shape }) => shape)).toEqual([
    [2, 4],
    [3, 4],
    [3, 4],
  ]);
  expect(graphFaults(simple)).toEqual([]);
  expect(simple.outputs['grows']).toBe(grows);
});

test('laws apply to results of other laws, and the rest of the graph keeps its nodes', () => {
  const kept = add(x, y);
  const { outputs } = simplify({
    outputs: {
      kept,
      gone: transpose(transpose(multiply(reshape(kept, [2, 3, 4]), 1), [2, 0, 1]), [1, 2, 0]),
    },
  });
  expect(outputs).toEqual({ kept, gone: kept });
  expect(outputs['gone']).toBe(kept);
  expect(inputsFirst([kept])).toEqual([x, y, kept]);
});
