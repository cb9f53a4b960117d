import { describe, expect, test } from 'vitest';
import type { ModelAnswer } from '../../src/pages/result-answers.ts';
import {
  differingSettings,
  experimentRows,
  haveSeeds,
  shownMetrics,
  sortedRows,
} from '../../src/ui/page/pages/experiments/experiment-rows.ts';
import { metricScale } from '../../src/pages/results/metric-scale.ts';
import { leavesOf } from '../../src/pages/results/model-answer.ts';

const model = (
  name: string,
  params: ModelAnswer['params'],
  metrics: Readonly<Record<string, number>>,
): ModelAnswer => ({
  instance: `train[${name}]`,
  from: [],
  outdated: [],
  axes: {},
  labels: {},
  params,
  metrics: Object.fromEntries(Object.entries(metrics).map(([metric, value]) => [metric, { value }])),
});

const models = [
  model('a,1', { r: 8, seed: 1, epochs: 6 }, { rougeL: 0.5, loss: 0.2 }),
  model('a,2', { r: 8, seed: 2, epochs: 6 }, { rougeL: 0.7, loss: 0.1 }),
  model('b,1', { r: 16, seed: 1, epochs: 6 }, { rougeL: 0.9, loss: 0.3 }),
];

describe('the table of experiments', () => {
  test('shows only params in which models differ', () => {
    expect(differingSettings(experimentRows(models, { isGrouped: false }))).toEqual(['r', 'seed']);
  });

  test('seeds of a point are one row, with their mean and sample standard deviation', () => {
    expect(haveSeeds(models)).toBe(true);
    const rows = experimentRows(models, { isGrouped: true });
    expect(rows.map(({ name }) => name)).toEqual(['train[a,1] and 1 more seeds', 'train[b,1]']);
    expect(rows[0]?.metrics['rougeL']?.value).toBeCloseTo(0.6, 12);
    expect(rows[0]?.metrics['rougeL']?.deviation).toBeCloseTo(Math.SQRT1_2 * 0.2, 12);
    expect(rows[1]?.metrics['rougeL']?.deviation).toBeNaN();
  });

  test('seeds without a number of rows have a mean and a deviation, and no interval', () => {
    const seed = (number: number, rows?: number): ModelAnswer => ({
      ...model(`a,${number}`, { seed: number }, {}),
      metrics: { accuracy: { value: number / 10, low: 0, high: 1, rows } },
    });
    const boundsOf = (seeds: readonly ModelAnswer[]) =>
      experimentRows(seeds, { isGrouped: true })[0]?.metrics['accuracy'];
    expect(boundsOf([seed(1), seed(2)])?.deviation).toBeCloseTo(Math.SQRT1_2 * 0.1, 12);
    expect(boundsOf([seed(1), seed(2)])?.low).toBeNaN();
    expect(boundsOf([seed(1, 30), seed(2, 30)])?.low).toBeLessThan(0);
    expect(boundsOf([seed(1)])).toMatchObject({ low: 0, high: 1 });
  });

  test('seeds with too few rows for an interval have the range of all rows', () => {
    const seed = (number: number, low: number, high: number): ModelAnswer => ({
      ...model(`a,${number}`, { seed: number }, {}),
      metrics: { accuracy: { value: 0.5, low, high, isRange: true } },
    });
    const [row] = experimentRows([seed(1, 0.2, 0.6), seed(2, 0.4, 0.9)], { isGrouped: true });
    expect(row?.metrics['accuracy']).toMatchObject({ low: 0.2, high: 0.9, isRange: true });
  });

  test('numbers are ordered by size, missing values come last both ways', () => {
    const rows = experimentRows([...models, model('c', { r: 'auto' }, {})], { isGrouped: false });
    const names = (by: string, isDescending: boolean): readonly string[] =>
      sortedRows(rows, by, isDescending).map(({ name }) => name);
    expect(names('rougeL', true)).toEqual(['train[b,1]', 'train[a,2]', 'train[a,1]', 'train[c]']);
    expect(names('rougeL', false)).toEqual(['train[a,1]', 'train[a,2]', 'train[b,1]', 'train[c]']);
    expect(names('r', false)[0]).toBe('train[a,1]');
  });

  test('known scores lead; without them, differing metrics', () => {
    const rows = experimentRows(
      [model('a', {}, { 'metrics.rougeL': 1, 'multilingual.rougeL': 2, steps: 4, selection_loss: 0.5 })],
      {
        isGrouped: false,
      },
    );
    expect(shownMetrics(rows)).toEqual(['selection_loss', 'multilingual.rougeL']);
    const other = experimentRows(
      [model('a', {}, { accuracy: 0.5, steps: 4 }), model('b', {}, { accuracy: 0.25, steps: 5 })],
      {
        isGrouped: false,
      },
    );
    expect(shownMetrics(other)).toEqual(['accuracy']);
  });
});

describe('the scale of a metric, which decides how seeds are combined', () => {
  test.each([
    ['multilingual.exact_match', 0.5, 'proportion'],
    ['slots.dose.mean', 0.5, 'proportion'],
    ['without_leaked.slot_mean.mean', 0.5, 'share'],
    ['metrics.rougeL', 0.5, 'share'],
    ['metrics.bertscore_f1', 0.5, 'unbounded'],
    ['accuracy', 0.5, 'unbounded'],
    ['f1', 87.5, 'unbounded'],
  ] as const)('%s of %d: %s', (name, value, scale) => {
    expect(metricScale(name, [value])).toBe(scale);
  });
});

describe('params', () => {
  test('are listed by path, lists as values', () => {
    expect(leavesOf({ config: { r: 8, targets: ['q', 'v'] }, seed: null })).toEqual({
      'config.r': 8,
      'config.targets': ['q', 'v'],
      seed: null,
    });
  });
});
