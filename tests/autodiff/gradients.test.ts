import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/ml/autodiff/gradients.ts';
import { add, exp, multiply, square, stopGradient } from '../../src/ml/tensor/ops/elementwise.ts';
import { gather } from '../../src/ml/tensor/ops/indexing.ts';
import { reduceSum, slice } from '../../src/ml/tensor/ops/layout.ts';
import type { Node } from '../../src/ml/tensor/node.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';
import { differentiated } from '../tensor/differentiated.ts';
import { feedsOf, opCases, smallSizes } from '../tensor/op-cases.ts';
import { evaluateNodes, type Values } from '../tensor/reference-evaluator.ts';

describe.each(Object.entries(opCases))('the gradient of %s', (_, cases) => {
  test.each(cases.map((opCase, i) => [i, opCase] as const))(
    'equals central differences in float64 (case %i)',
    (__, opCase) => {
      const { result, scalar, gradients: found } = differentiated(opCase);
      const feeds = feedsOf(opCase, smallSizes);
      if (scalar === undefined) return expect(opCase.differentiable).toEqual([]);
      const withUpstream = { ...feeds, upstream: upstreamFor(evaluateNodes([result], feeds)[0]) };
      for (const [name, node] of found) {
        expect(node !== undefined, `${name} has a gradient`).toBe(opCase.differentiable.includes(name));
        if (node === undefined) continue;
        // The scalar beside it, since it has all the named sizes.
        const [analytic] = evaluateNodes([node, scalar], withUpstream);
        feeds[name]?.data.forEach((value, i) => {
          const scalarAt = (x: number): number => {
            const moved = {
              ...withUpstream,
              [name]: { shape: feeds[name]?.shape ?? [], data: feeds[name]?.data.with(i, x) ?? [] },
            };
            return evaluateNodes([scalar], moved)[0]?.data[0] ?? Number.NaN;
          };
          const slope = (scalarAt(value + 1e-5) - scalarAt(value - 1e-5)) / 2e-5;
          expect(
            Math.abs((analytic?.data[i] ?? Number.NaN) - slope),
            `${name}[${i}]: ${analytic?.data[i]} and ${slope}`,
          ).toBeLessThan(1e-6 * (1 + Math.abs(slope)));
        });
      }
    },
  );
});

const upstreamFor = (result: Values | undefined): Values => ({
  shape: result?.shape ?? [],
  data: (result?.data ?? []).map((_, i) => Math.fround(Math.sin(i + 1))),
});

const scalarInput = (name: string): ReturnType<typeof input> => input(name, 'float32', []);

test('the gradient of a node that is used several times is the sum over its uses', () => {
  const x = scalarInput('x');
  const y = square(x);
  const [ofX, ofY] = gradients(add(multiply(y, y), add(y, x)), [x, y]);
  if (ofX === undefined || ofY === undefined) throw new Error('no gradient');
  expect(evaluateNodes([ofX, ofY], { x: { shape: [], data: [3] } }).map(({ data }) => data)).toEqual([
    [4 * 27 + 6 + 1],
    [2 * 9 + 1],
  ]);
});

test('gradients of slices that cover an axis are concatenated, others padded and added', () => {
  const x = input('x', 'float32', [5]);
  const sumOfParts = (parts: readonly (readonly [number, number])[]): Node | undefined =>
    gradients(
      parts
        .map(([start, length]) => reduceSum(square(square(slice(x, 0, start, length)))))
        .reduce((sum, part) => add(sum, part)),
      [x],
    )[0];
  const cubes = (parts: readonly (readonly [number, number])[]): readonly number[] | undefined => {
    const gradient = sumOfParts(parts);
    return gradient && evaluateNodes([gradient], { x: { shape: [5], data: [1, 2, 3, 4, 5] } })[0]?.data;
  };
  const all = [4, 32, 108, 256, 500];
  for (const parts of [
    [
      [0, 2],
      [2, 1],
      [3, 2],
    ],
    [
      [3, 2],
      [0, 2],
      [2, 1],
    ],
  ] as const) {
    expect(cubes(parts)).toEqual(all);
    expect(sumOfParts(parts)?.op).toBe('Concat');
  }
  expect(
    cubes([
      [0, 2],
      [3, 2],
    ]),
  ).toEqual(all.with(2, 0));
  expect(
    cubes([
      [0, 3],
      [2, 3],
    ]),
  ).toEqual(all.with(2, 216));
  expect(
    cubes([
      [0, 2],
      [2, 3],
      [0, 5],
    ]),
  ).toEqual(all.map((value) => 2 * value));
});

test('there is no gradient for what the scalar does not depend on, nor through stopGradient', () => {
  const [x, y] = [scalarInput('x'), scalarInput('y')];
  expect(gradients(exp(stopGradient(x)), [x, y])).toEqual([undefined, undefined]);
});

test('the gradient of a gathered table is refused; that of the rows is given, repeated rows apart', () => {
  const table = input('table', 'float32', [4, 2]);
  const rows = gather(table, input('ids', 'int32', ['n']));
  const scalar = reduceSum(square(rows));
  expect(() => gradients(scalar, [table])).toThrow('Gather has no gradient with respect to its input 0');
  const [ofRows] = gradients(scalar, [rows]);
  const feeds = {
    table: { shape: [4, 2], data: [0, 1, 2, 3, 4, 5, 6, 7] },
    ids: { shape: [3], data: [1, 3, 1] },
  };
  expect(ofRows && evaluateNodes([ofRows], feeds)).toEqual([{ shape: [3, 2], data: [4, 6, 12, 14, 4, 6] }]);
});

test('only a scalar has gradients', () => {
  expect(() => gradients(input('x', 'float32', ['n']), [])).toThrow(
    'expected a float32 scalar, not float32[n]',
  );
});
