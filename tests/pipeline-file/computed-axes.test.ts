import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../../src/stage/context.ts';
import { faultOf, faultsOf as placedFaults, planned, planOfText } from './planned.ts';

const withAxis = (axis: string): string =>
  `stages: { a: { matrix: { x: ${axis} }, cmd: [echo], params: { x: "\${x}" } } }`;
const valuesOf = (axis: string): readonly (Value | undefined)[] =>
  planOfText(withAxis(axis)).instances.map(({ params }) => params['x']);

/** Code and marked text of each fault. */
const faultsOf = (text: string): readonly string[] =>
  placedFaults(text).map((fault) => fault.replace(/ \d+:\d+/, ''));

describe('$range', () => {
  test.each<readonly [string, readonly number[]]>([
    ['{ start: 0.1, stop: 0.4, step: 0.1 }', [0.1, 0.2, 0.3]],
    ['{ start: 0, stop: 1, step: 0.25 }', [0, 0.25, 0.5, 0.75]],
    ['{ start: 1, stop: 4, step: 2 }', [1, 3]],
    ['{ start: 3, stop: 0, step: -1 }', [3, 2, 1]],
    ['{ start: 1e-5, stop: 3e-5, step: 1e-5 }', [1e-5, 2e-5]],
    ['{ start: 1e21, stop: 3e21, step: 1e21 }', [1e21, 2e21]],
    ['{ start: -0.2, stop: 0.2, step: 0.1 }', [-0.2, -0.1, 0, 0.1]],
  ])('%s', (range, values) => {
    expect(valuesOf(`{ $range: ${range} }`)).toStrictEqual(values);
  });

  test('its instances equal those of the same values, written one by one', () => {
    const ids = (axis: string): readonly string[] => planOfText(withAxis(axis)).instances.map(({ id }) => id);
    expect(ids('{ $range: { start: 0.1, stop: 0.4, step: 0.1 } }')).toEqual(ids('[0.1, 0.2, 0.3]'));
  });

  test('every value is the exact decimal start + n * step, and stop is excluded', () => {
    const tenths = fc.integer({ min: -500, max: 500 });
    fc.assert(
      fc.property(
        tenths,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 99 }),
        (first, count, step) => {
          const [start, stop, by] = [first, first + count * step, step].map((number) => `${number}e-1`);
          const expected = Array.from({ length: count }, (_, index) => Number(`${first + index * step}e-1`));
          expect(valuesOf(`{ $range: { start: ${start}, stop: ${stop}, step: ${by} } }`)).toStrictEqual(
            expected.map((value) => (value === 0 ? 0 : value)),
          );
        },
      ),
    );
  });

  test.each<readonly [string, string]>([
    ['{ start: 0, stop: 1, step: 0 }', 'bad-axis 0'],
    ['{ start: 1, stop: 1, step: 1 }', 'bad-axis { start: 1, stop: 1, step: 1 }'],
    ['{ start: 0, stop: 1, step: -1 }', 'bad-axis { start: 0, stop: 1, step: -1 }'],
    ['{ start: 0, stop: 1e9, step: 1 }', 'too-many-instances { start: 0, stop: 1e9, step: 1 }'],
    ['{ start: 0, stop: 1e300, step: 1e-300 }', 'too-many-instances { start: 0, stop: 1e300, step: 1e-300 }'],
    ['{ start: 1e16, stop: 1e16, step: 1 }', 'bad-axis { start: 1e16, stop: 1e16, step: 1 }'],
    ['{ start: 0, stop: .inf, step: 1 }', 'not-finite .inf'],
    ['{ start: 0, stop: "1", step: 1 }', 'wrong-type "1"'],
    ['{ start: 0, end: 1, step: 1 }', 'unknown-name end'],
  ])('%s is refused at its place', (range, fault) => {
    expect(faultsOf(withAxis(`{ $range: ${range} }`))).toContain(fault);
  });
});

describe('$logspace', () => {
  test.each<readonly [string, readonly number[]]>([
    ['{ from: 1e-5, to: 1e-2, count: 4 }', [1e-5, 1e-4, 1e-3, 1e-2]],
    ['{ from: 1, to: 10, count: 3 }', [1, 3.16228, 10]],
    ['{ from: 100, to: 1, count: 3 }', [100, 10, 1]],
    ['{ from: 0.123456789, to: 2, count: 2 }', [0.123456789, 2]],
  ])('%s', (logspace, values) => {
    expect(valuesOf(`{ $logspace: ${logspace} }`)).toStrictEqual(values);
  });

  test.each<readonly [string, string]>([
    ['{ from: 0, to: 1, count: 3 }', 'bad-axis 0'],
    ['{ from: 1, to: 2, count: 1 }', 'wrong-type 1'],
    ['{ from: 1, to: 2, count: 1000000 }', 'too-many-instances 1000000'],
    ['{ from: 1, to: 1, count: 2 }', 'bad-axis { from: 1, to: 1, count: 2 }'],
    ['{ from: 1, to: 1.00001, count: 50 }', 'bad-axis { from: 1, to: 1.00001, count: 50 }'],
  ])('%s is refused at its place', (logspace, fault) => {
    expect(faultsOf(withAxis(`{ $logspace: ${logspace} }`))[0]).toBe(fault);
  });
});

describe('a name that starts with "$"', () => {
  test('may be computed from vars', () => {
    const text = withAxis('{ $range: { start: 0, stop: "${vars.n}", step: 1 } }');
    expect(planOfText(`vars: { n: 2 }\n${text}`).instances.map(({ id }) => id)).toEqual(['a[0]', 'a[1]']);
  });

  test.each<readonly [string, string]>([
    ['{ $rnge: { start: 0, stop: 1, step: 1 } }', 'bad-axis $rnge'],
    ['[1, { $range: { start: 0, stop: 1, step: 1 } }]', 'bad-axis $range'],
    ['{ name: a, $x: 1 }', 'bad-axis $x'],
    ['[{ name: a, deep: [{ $x: 1 }] }]', 'bad-axis $x'],
    ['{ $range: { start: 0, stop: 1, step: 1 }, more: 1 }', 'unknown-name more'],
  ])('%s is refused at its place', (axis, fault) => {
    expect(faultsOf(withAxis(axis))).toEqual([fault]);
  });

  test('the nearest rule is suggested', () => {
    expect(faultOf(withAxis('{ $rnge: { start: 0, stop: 1, step: 1 } }')).suggestion).toBe('$range');
  });

  test('a map without one is an ordinary point', () => {
    expect(planned(withAxis('{ name: a, start: 0, range: 1 }')).result.ok).toBe(true);
    expect(valuesOf('{ name: a, start: 0, range: 1 }')).toEqual([{ range: 1, start: 0 }]);
  });
});
