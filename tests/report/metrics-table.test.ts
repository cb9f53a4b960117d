import { describe, expect, test } from 'vitest';
import { aligned } from '../../src/runner/report/aligned.ts';
import { metricsTable, type MeasuredInstance } from '../../src/runner/report/metrics-table.ts';

const point = (instance: string, learningRate: number, values: Readonly<Record<string, number>>): MeasuredInstance => ({ instance, labels: {}, params: { config: { learningRate, r: 8 } }, values });

const points = [point('eval[a]', 0.1, { 'metrics.rougeL': 0.5, loss: 2 }), point('eval[b]', 0.2, { 'metrics.rougeL': 0.75, loss: 1 })];

describe('the table of metrics', () => {
  test('shows of the params only those that differ, and marks the best: the highest score, the lowest loss', () => {
    expect(metricsTable(points, { columns: undefined, sort: undefined }).rows).toEqual([
      ['instance', 'config.learningRate', 'metrics.rougeL', 'loss'],
      ['eval[a]', '0.1', '0.5000', '2'],
      ['eval[b]', '0.2', '0.7500*', '1*'],
    ]);
  });

  test('is sorted by a metric, the best first, and shows the columns that were asked for', () => {
    const { rows, left } = metricsTable(points, { columns: ['rougeL'], sort: 'loss' });
    expect(rows.map(([name, , value]) => [name, value])).toEqual([['instance', 'metrics.rougeL'], ['eval[b]', '0.7500*'], ['eval[a]', '0.5000']]);
    expect(left).toEqual(['loss']);
  });

  test('equal values have no best', () => {
    expect(metricsTable([point('a', 1, { f1: 0.5 }), point('b', 1, { f1: 0.5 })], { columns: undefined, sort: undefined }).rows[1]).toEqual(['a', '0.5000']);
  });
});

test('columns of numbers are set to the right, texts to the left', () => {
  expect(aligned([['name', 'n'], ['a', '1'], ['bcdef', '100']])).toEqual(['name     n', 'a        1', 'bcdef  100']);
});
