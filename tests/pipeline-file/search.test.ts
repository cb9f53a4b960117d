import { describe, expect, test } from 'vitest';
import type { Value } from '../../src/stage/context.ts';
import { faultOf, faultsOf as placedFaults, planOfText } from './planned.ts';

const withSearch = (search: string, more = ''): string =>
  `stages:\n  t:\n    search: ${search}\n${more}    cmd: [echo]\n    params: { config: "\${config}" }\n`;
const pointsOf = (search: string, more = ''): readonly (Value | undefined)[] =>
  planOfText(withSearch(search, more)).instances.map(({ params }) => params['config']);
const idsOf = (search: string, more = ''): readonly string[] =>
  planOfText(withSearch(search, more)).instances.map(({ id }) => id);
/** Code and marked text of each fault. */
const faultsOf = (search: string, more = ''): readonly string[] =>
  placedFaults(withSearch(search, more)).map((fault) => fault.replace(/ \d+:\d+/, ''));

const over =
  'over: { rate: { logUniform: [1e-4, 1e-2] }, r: { choice: [4, 8, 16] }, drop: { uniform: [0, 0.5] } }';

describe('search', () => {
  test('draws the same points everywhere, and names each', () => {
    const search = `{ axis: config, points: 3, seed: 7, ${over}, with: { epochs: 2 } }`;
    expect(idsOf(search)).toEqual(['t[s1]', 't[s2]', 't[s3]']);
    // By Python's hashlib and math, from the same SHA-256 of ["search",7,"rate",0] and so on.
    expect(pointsOf(search)).toEqual([
      { rate: 0.00281359, r: 8, drop: 0.076604, epochs: 2 },
      { rate: 0.000149531, r: 4, drop: 0.273922, epochs: 2 },
      { rate: 0.000367085, r: 8, drop: 0.236576, epochs: 2 },
    ]);
  });

  test('more points, or more drawn params, keep the earlier draws', () => {
    const few = pointsOf(`{ axis: config, points: 5, seed: 1, ${over} }`);
    expect(pointsOf(`{ axis: config, points: 9, seed: 1, ${over} }`).slice(0, 5)).toEqual(few);
    const rates = (points: readonly unknown[]): readonly unknown[] =>
      points.map((point) =>
        typeof point === 'object' && point !== null ? Reflect.get(point, 'rate') : undefined,
      );
    const alone = pointsOf(
      '{ axis: config, points: 5, seed: 1, over: { rate: { logUniform: [1e-4, 1e-2] } } }',
    );
    expect(rates(alone)).toEqual(rates(few));
    expect(pointsOf(`{ axis: config, points: 5, seed: 2, ${over} }`)).not.toEqual(few);
  });

  test('is distributed as declared: over orders of magnitude, over an interval, over values', () => {
    const points = pointsOf(`{ axis: config, points: 4000, seed: 3, ${over} }`);
    const valuesOf = (name: string): readonly number[] =>
      points.map((point) => Number(Reflect.get(Object(point), name)));
    const share = (values: readonly number[], holds: (value: number) => boolean): number =>
      values.filter(holds).length / values.length;
    const rates = valuesOf('rate');
    expect(rates.every((rate) => rate >= 1e-4 && rate <= 1e-2)).toBe(true);
    // Four standard deviations of a share of 4,000 draws are 0.032.
    expect(Math.abs(share(rates, (rate) => rate < 1e-3) - 0.5)).toBeLessThan(0.032);
    expect(Math.abs(share(valuesOf('drop'), (drop) => drop < 0.1) - 0.2)).toBeLessThan(0.032);
    expect(Math.abs(share(valuesOf('r'), (r) => r === 8) - 1 / 3)).toBeLessThan(0.032);
    expect(rates.every((rate) => rate === Number(rate.toPrecision(6)))).toBe(true);
  });

  test('multiplies with the axes of the matrix', () => {
    expect(idsOf(`{ axis: config, points: 2, seed: 0, ${over} }`, '    matrix: { data: [a, b] }\n')).toEqual([
      't[a,s1]',
      't[a,s2]',
      't[b,s1]',
      't[b,s2]',
    ]);
  });

  test('draws no point twice, and reports where there are no more', () => {
    const search = (points: number): string =>
      `{ axis: config, points: ${points}, seed: 0, over: { a: { choice: [1, 2] }, b: { choice: [x, y] } } }`;
    expect(new Set(pointsOf(search(4)).map((point) => JSON.stringify(point))).size).toBe(4);
    expect(faultOf(withSearch(search(5))).message).toBe('only 4 different points could be drawn');
  });

  test.each<readonly [string, string]>([
    ['{ axis: config, points: 0, seed: 0, over: { a: { uniform: [0, 1] } } }', 'wrong-type 0'],
    ['{ axis: config, points: 2, seed: 0, over: { a: { uniform: [1, 0] } } }', 'bad-search [1, 0]'],
    ['{ axis: config, points: 2, seed: 0, over: { a: { logUniform: [0, 1] } } }', 'bad-search [0, 1]'],
    ['{ axis: config, points: 2, seed: 0, over: { a: { choice: [] } } }', 'bad-search { choice: [] }'],
    ['{ axis: config, points: 2, seed: 0, over: { a: { normal: [0, 1] } } }', 'unknown-name normal'],
    [
      '{ axis: config, points: 2, seed: 0, over: { a: { uniform: [0, 1] } }, with: { a: 1 } }',
      'bad-search a',
    ],
    [
      '{ axis: config, points: 1000000, seed: 0, over: { a: { uniform: [0, 1] } } }',
      'too-many-instances 1000000',
    ],
    ['{ axis: config, points: 2, over: { a: { uniform: [0, 1] } } }', 'missing-name axis'],
  ])('%s is refused at its place', (search, fault) => {
    expect(faultsOf(search)).toContain(fault);
  });

  test('an axis of the matrix with the same name is refused', () => {
    expect(
      faultsOf(
        '{ axis: config, points: 1, seed: 0, over: { a: { uniform: [0, 1] } } }',
        '    matrix: { config: [1] }\n',
      ),
    ).toEqual(['axis-twice config']);
  });
});
