import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, difference, evaluate, namesIn, productOf, sumOf } from '../../src/ml/tensor/dimension.ts';
import type { Dimension } from '../../src/ml/tensor/node.ts';

const name = fc.constantFrom('batch', 'source', 'target', 'past_1');
const dimension: fc.Arbitrary<Dimension> = fc.letrec<{ any: Dimension }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: -9, max: 9 }),
    name,
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map(sumOf),
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map(productOf),
  ),
})).any;
const sizes = fc
  .record({ batch: fc.nat(9), source: fc.nat(9), target: fc.nat(9), past_1: fc.nat(9) })
  .map((record) => new Map(Object.entries(record)));

describe('dimensions are polynomials', () => {
  test('sums, products and differences have the values of the numbers', () => {
    fc.assert(
      fc.property(dimension, dimension, sizes, (a, b, known) => {
        const [left, right] = [evaluate(a, known), evaluate(b, known)];
        // By ===, since a size is never -0.
        expect(evaluate(sumOf([a, b]), known) === left + right).toBe(true);
        expect(evaluate(productOf([a, b]), known) === left * right).toBe(true);
        expect(evaluate(difference(a, b), known) === left - right).toBe(true);
      }),
    );
  });

  test('equal polynomials have equal texts, however they were built', () => {
    fc.assert(
      fc.property(dimension, dimension, dimension, (a, b, c) => {
        expect(productOf([a, sumOf([b, c])])).toBe(sumOf([productOf([c, a]), productOf([b, a])]));
        expect(difference(sumOf([a, b]), b)).toBe(canonical(a));
        expect(canonical(a)).toBe(a);
      }),
    );
  });

  test.each<[Dimension, Dimension]>([
    ['source*batch', 'batch*source'],
    ['2*source*3', '6*source'],
    ['past+1', 'past+1'],
    ['1+past', 'past+1'],
    ['a-a', 0],
    ['0*batch+7', 7],
    ['-2*a+b', '-2*a+b'],
  ])('%s is written %s', (text, expected) => expect(canonical(text)).toBe(expected));

  test.each(['', 'a+', 'a b', '2.5', 'a/2', '(a)', '*'])('%j is refused', (text) =>
    expect(() => canonical(text)).toThrow('is not a dimension'),
  );

  test('a name without a size is reported', () => {
    expect(() => evaluate('2*batch+source', new Map([['batch', 2]]))).toThrow(
      'the size "source" (in "2*batch+source") is not known',
    );
    expect(namesIn('2*batch*source+batch+1')).toEqual(['batch', 'source']);
  });
});
