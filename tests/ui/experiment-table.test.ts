import { describe, expect, test } from 'vitest';
import type { ModelAnswer } from '../../src/pages/result-answers.ts';
import {
  differingSettings,
  experimentRows,
  haveSeeds,
  shownMetrics,
  sortedRows,
} from '../../src/ui/page/pages/experiment-table.ts';
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
  test('shows the params in which models differ, and no other', () => {
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

  test('numbers are ordered by size, whatever has no value comes last both ways', () => {
    const rows = experimentRows([...models, model('c', { r: 'auto' }, {})], { isGrouped: false });
    const names = (by: string, isDescending: boolean): readonly string[] =>
      sortedRows(rows, by, isDescending).map(({ name }) => name);
    expect(names('rougeL', true)).toEqual(['train[b,1]', 'train[a,2]', 'train[a,1]', 'train[c]']);
    expect(names('rougeL', false)).toEqual(['train[a,1]', 'train[a,2]', 'train[b,1]', 'train[c]']);
    expect(names('r', false)[0]).toBe('train[a,1]');
  });

  test('known scores lead; where there are none, the metrics that differ', () => {
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

describe('params', () => {
  test('stand by path, lists as values', () => {
    expect(leavesOf({ config: { r: 8, targets: ['q', 'v'] }, seed: null })).toEqual({
      'config.r': 8,
      'config.targets': ['q', 'v'],
      seed: null,
    });
  });
});
