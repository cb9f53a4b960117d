import { describe, expect, test } from 'vitest';
import { aligned } from '../../src/runner/wording/aligned.ts';
import type { MeasuredInstance } from '../../src/runner/report/metrics/measured-instance.ts';
import { metricsTable } from '../../src/runner/report/metrics/metrics-table.ts';
import { sortedBy } from '../../src/runner/report/metrics/sorted-by.ts';

const point = (
  instance: string,
  learningRate: number,
  values: Readonly<Record<string, number>>,
): MeasuredInstance => ({
  instance,
  state: 'up-to-date',
  axes: { dataset: instance, config: { learningRate, r: 8 } },
  params: { seed: 42 },
  values,
});

const points = [
  point('eval[a]', 0.1, { 'metrics.rougeL': 0.5, loss: 2.5, rows: 96 }),
  point('eval[b]', 0.2, { 'metrics.rougeL': 0.75, loss: 0.00012, rows: 96 }),
  point('eval[c]', 0.02, { rows: 96 }),
];

describe('the table of metrics', () => {
  test('shows only differing columns, and marks only the best that the pipeline file declares', () => {
    const measured = points.map((row) => (row.instance === 'eval[b]' ? { ...row, best: 'loss' } : row));
    expect(metricsTable(points, undefined).rows.flat().join()).not.toContain('*');
    expect(metricsTable(measured, undefined)).toEqual({
      rows: [
        ['instance', 'learningRate', 'rougeL', 'loss'],
        ['eval[a]', '0.1', '0.5000', '2.5000 '],
        ['eval[b]', '0.2', '0.7500', '1.20e-4*'],
        ['eval[c]', '0.02', '', ''],
      ],
      same: [{ name: 'rows', value: 96 }],
      left: { metrics: [], settings: [] },
    });
  });

  test('has the selected columns, each once, by the last part of their names', () => {
    const { rows, left, same } = metricsTable(points, ['rougeL', 'rows', 'metrics.rougeL']);
    expect(rows[0]).toEqual(['instance', 'learningRate', 'rougeL', 'rows']);
    expect([left.metrics, same]).toEqual([['loss'], []]);
  });

  test('shows no more than eight metrics, and names the others', () => {
    const many = (value: number) =>
      Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`m${index}`, value + index]));
    expect(
      metricsTable([point('a', 1, many(0.5)), point('b', 1, many(0.25))], undefined).left.metrics,
    ).toEqual(['m8', 'm9']);
  });

  test('of many metrics shows those for comparing models, once each, by the multilingual profile', () => {
    const scores = (value: number) =>
      Object.fromEntries(
        ['metrics', 'multilingual', 'without_leaked.metrics', 'without_leaked.multilingual'].flatMap(
          (profile) =>
            ['rouge1', 'rougeL', 'f1', 'exact_match'].map((name) => [`${profile}.${name}`, value] as const),
        ),
      );
    const { rows, left } = metricsTable([point('a', 1, scores(0.5)), point('b', 1, scores(0.25))], undefined);
    expect(rows[0]?.slice(1).map((heading) => heading.replace('\n', ''))).toEqual([
      'multilingual.rougeL',
      'multilingual.f1',
      'multilingual.exact_match',
    ]);
    expect(left.metrics).toHaveLength(13);
  });

  test('names columns by the shortest unique end of their path', () => {
    expect(
      metricsTable([point('a', 1, { 'x.rougeL': 1, 'y.rougeL': 2, 'y.f1': 3 })], ['rougeL', 'f1']).rows[0],
    ).toEqual(['instance', 'x.\nrougeL', 'y.\nrougeL', 'f1']);
  });

  test('shows scores before counts where there is no space for all, in their order', () => {
    const measured = [
      point('a', 1, { steps: 100, loss: 0.5, rows: 10 }),
      point('b', 1, { steps: 200, loss: 0.25, rows: 20 }),
    ];
    expect(metricsTable(measured, undefined).rows[0]).toEqual(['instance', 'steps', 'loss', 'rows']);
    expect(metricsTable(measured, undefined, 18).rows[0]).toEqual(['instance', 'loss']);
    expect(metricsTable(measured, undefined, 26).rows[0]).toEqual(['instance', 'steps', 'loss']);
  });

  test('is no wider than the terminal, and names the metrics that do not fit', () => {
    const wide = (instance: string, by: number): MeasuredInstance => ({
      ...point(
        instance,
        by,
        Object.fromEntries(['m1', 'm2', 'm3', 'm4', 'm5', 'm6'].map((name, index) => [name, index + by])),
      ),
      params: { schedule: `s${by}`, alpha: by, dropout: by },
    });
    const measured = [wide('eval[a]', 0.5), wide('eval[b]', 0.25)];
    const at = (width: number) => metricsTable(measured, undefined, width);
    expect(aligned(at(60).rows)).toEqual([
      'instance  learningRate  schedule      m1      m2      m3',
      'eval[a]            0.5  s0.5      0.5000  1.5000  2.5000',
      'eval[b]           0.25  s0.25     0.2500  1.2500  2.2500',
    ]);
    expect(at(60).left).toEqual({ metrics: ['m4', 'm5', 'm6'], settings: ['alpha', 'dropout'] });
    for (let width = 18; width < 140; width++)
      expect(Math.max(...aligned(at(width).rows).map((line) => line.length))).toBeLessThanOrEqual(width);
    expect(at(5).rows[0]).toEqual(['instance', 'm1']);
    expect(metricsTable(measured, ['m4', 'm5', 'm6'], 20).rows[0]).toEqual(['instance', 'm4', 'm5', 'm6']);
  });

  test.each([
    ['test_wer', 'a'],
    ['validationLoss', 'a'],
    ['sentiment_accuracy', 'b'],
    ['centimetres', 'b'],
  ])('is sorted ascending only where a word of the name says so: %s', (name, first) => {
    const measured = [point('a', 1, { [name]: 0.25 }), point('b', 1, { [name]: 0.5 })];
    expect(sortedBy(measured, name)[0]?.instance).toBe(first);
  });

  test.each<readonly [string, readonly string[]]>([
    ['rougeL', ['eval[b]', 'eval[a]', 'eval[c]']],
    ['loss', ['eval[b]', 'eval[a]', 'eval[c]']],
    ['learningRate', ['eval[c]', 'eval[a]', 'eval[b]']],
  ])('is sorted by %s: the best or the smallest first, missing values last', (name, order) => {
    expect(sortedBy(points, name).map(({ instance }) => instance)).toEqual(order);
    expect(sortedBy([...points].reverse(), name).map(({ instance }) => instance)).toEqual(order);
  });
});

test('columns of numbers are right-aligned, texts left-aligned', () => {
  expect(
    aligned([
      ['name', 'n'],
      ['a', '1'],
      ['bcdef', '100'],
    ]),
  ).toEqual(['name     n', 'a        1', 'bcdef  100']);
  expect(
    aligned([
      ['name', 'n'],
      ['小', '0.5000*'],
      ['b', '0.2500 '],
    ]),
  ).toEqual(['name        n', '小    0.5000*', 'b     0.2500']);
});

test('a heading of several lines is aligned at the bottom', () => {
  expect(
    aligned([
      ['name', 'long.\nf1', 'n'],
      ['a', '0.5', '1'],
    ]),
  ).toEqual(['      long.', 'name     f1  n', 'a       0.5  1']);
});

describe('numbers and names that could hide each other', () => {
  const row = (
    instance: string,
    params: MeasuredInstance['params'],
    values: MeasuredInstance['values'],
  ): MeasuredInstance => ({ instance, state: 'up-to-date', axes: {}, params, values });

  test('a metric named as a param has a separate column, and each is found by its name', () => {
    const rows = [row('a[1]', { loss: 'mse' }, { loss: 2 }), row('a[2]', { loss: 'mae' }, { loss: 1 })];
    expect(metricsTable(rows, undefined).rows).toEqual([
      ['instance', 'params.\nloss', 'loss'],
      ['a[1]', 'mse', '2'],
      ['a[2]', 'mae', '1'],
    ]);
    expect(sortedBy(rows, 'params.loss').map(({ instance }) => instance)).toEqual(['a[2]', 'a[1]']);
    expect(sortedBy(rows, 'loss').map(({ instance }) => instance)).toEqual(['a[2]', 'a[1]']);
  });

  test('NaN and infinities are shown; NaN comes last, whatever the order', () => {
    const rows = [
      row('a[1]', {}, { f1: Number.NaN }),
      row('a[2]', {}, { f1: 0.25 }),
      row('a[3]', {}, { f1: Infinity }),
    ];
    expect(
      metricsTable(rows, undefined)
        .rows.slice(1)
        .map(([, value]) => value?.trim()),
    ).toEqual(['NaN', '0.2500', 'Infinity']);
    expect(sortedBy(rows, 'f1').map(({ instance }) => instance)).toEqual(['a[3]', 'a[2]', 'a[1]']);
  });

  test('integers beyond 2^53 keep their digits and their order', () => {
    const rows = [row('a[1]', {}, { n: 9007199254740993n }), row('a[2]', {}, { n: 9007199254740992 })];
    expect(metricsTable(rows, undefined).rows.slice(1)).toEqual([
      ['a[1]', '9007199254740993'],
      ['a[2]', '9007199254740992'],
    ]);
    expect(sortedBy(rows, 'n').map(({ instance }) => instance)).toEqual(['a[1]', 'a[2]']);
  });

  test('an instance without a metric has none of the methods of objects', () => {
    const rows = [row('a[1]', {}, { toString: 1, x: 1 }), row('a[2]', {}, { x: 2 })];
    expect(metricsTable(rows, ['toString']).rows).toEqual([
      ['instance', 'toString'],
      ['a[1]', '1'],
      ['a[2]', ''],
    ]);
  });
});
