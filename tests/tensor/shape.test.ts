import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Shape } from '../../src/ml/tensor/node.ts';
import { add, cast, where } from '../../src/ml/tensor/ops/elementwise.ts';
import { gather, pack } from '../../src/ml/tensor/ops/indexing.ts';
import {
  concat,
  expand,
  reduceSum,
  reshape,
  slice,
  sumTo,
  transpose,
} from '../../src/ml/tensor/ops/layout.ts';
import { crossEntropy } from '../../src/ml/tensor/ops/loss.ts';
import { matmul } from '../../src/ml/tensor/ops/matmul.ts';
import { rmsNorm } from '../../src/ml/tensor/ops/normalization.ts';
import { constant, input } from '../../src/ml/tensor/ops/source.ts';
import { broadcast } from '../../src/ml/tensor/shape.ts';

const real = (...shape: Shape): ReturnType<typeof input> => input(`x${shape.join()}`, 'float32', shape);
const ids = (...shape: Shape): ReturnType<typeof input> => input(`i${shape.join()}`, 'int32', shape);

/** A shape, and one that broadcasts to it: axes made 1, leading ones left out. */
const wide = fc.array(fc.constantFrom<number | string>(2, 3, 'n', 'm', 'm*n'), { maxLength: 4 });
const narrowed = (shape: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat(shape.length))
    .map(([ones, from]) => shape.map((size, axis) => (ones[axis] ? 1 : size)).slice(from));

describe('broadcasting', () => {
  test('gives the wide shape, whatever the order', () => {
    fc.assert(
      fc.property(
        wide.chain((shape) => fc.tuple(fc.constant(shape), narrowed(shape), narrowed(shape))),
        ([shape, left, right]) => {
          const of = [shape, left, right].map((each) => ({ dtype: 'float32', shape: each }) as const);
          expect(broadcast('Add', of)).toEqual(shape);
          expect(broadcast('Add', of.toReversed())).toEqual(shape);
        },
      ),
    );
  });

  test('has an adjoint that gives the narrow shape', () => {
    fc.assert(
      fc.property(
        wide.chain((shape) => fc.tuple(fc.constant(shape), narrowed(shape))),
        ([shape, narrow]) => {
          expect(sumTo(real(...shape), narrow).shape).toEqual(narrow);
          expect(expand(real(...narrow), shape).shape).toEqual(shape);
        },
      ),
    );
  });

  test('a named size fits only itself and 1', () => {
    expect(() => add(real('n'), real('m'))).toThrow(
      'Add(float32[n], float32[m]): the shapes do not broadcast: n and m on axis 0',
    );
    expect(() => add(real('n'), real(3))).toThrow('n and 3');
    expect(add(real('batch*source', 1), real(1, 4)).shape).toEqual(['batch*source', 4]);
  });
});

describe('an op that cannot be applied reports its operands', () => {
  test.each<[string, () => unknown, string]>([
    [
      'inner sizes',
      () => matmul(real('n', 4), real(5, 2)),
      'MatMul(float32[n, 4], float32[5, 2]): the inner sizes differ: 4 and 5',
    ],
    ['vectors', () => matmul(real(4), real(4, 2)), 'both need at least two axes'],
    ['dtypes', () => add(real('n'), ids('n')), 'Add(float32[n], int32[n]): the dtypes differ: cast one'],
    ['indices', () => gather(real(4, 2), real('n')), 'expected int32, not float32'],
    [
      'elements',
      () => reshape(real('n', 4), ['n', 5]),
      'Reshape(float32[n, 4]): to [n, 5], which has another number of elements',
    ],
    ['permutation', () => transpose(real('n', 4), [0, 0]), '[0, 0] is not a permutation'],
    ['axis', () => reduceSum(real('n', 4), [2]), 'axis 2 does not exist'],
    ['slice', () => slice(real('n', 4), 1, 3, 2), '2 elements from 3 on are not in an axis of 4'],
    ['concat', () => concat([real('n', 4), real('m', 3)], 0), 'the shapes differ on other axes than 0'],
    ['condition', () => where(real('n'), 1, 0), 'expected bool, not float32'],
    ['weight', () => rmsNorm(real('n', 4), real(3), 1e-6), 'the weight does not have the last axis'],
    ['labels', () => crossEntropy(real('n', 9), ids('m')), 'expected [n, classes] and [n]'],
    [
      'packing',
      () => pack(real('m', 2), { tokenSlots: ids('n'), slotTokens: ids('k'), slotMask: real('k') }),
      'the packing has a different number of slots',
    ],
    ['expand', () => expand(real('n'), [3]), 'n and 3'],
    ['constant', () => constant([1, 2], [3]), '2 values for the shape [3]'],
  ])('%s', (_, build, message) => expect(build).toThrow(message));
});

test('sizes are computed through named dimensions', () => {
  expect(reshape(real('batch', 'source', 8), ['source*batch', 2, 4]).shape).toEqual(['batch*source', 2, 4]);
  expect(concat([real('past', 2), real(1, 2)], 0).shape).toEqual(['past+1', 2]);
  expect(gather(real(9, 4), ids('batch', 'source')).shape).toEqual(['batch', 'source', 4]);
  expect(matmul(real('batch', 1, 'source', 4), real(3, 4, 'target')).shape).toEqual([
    'batch',
    3,
    'source',
    'target',
  ]);
  expect(cast(ids('n'), 'float32').dtype).toBe('float32');
});
