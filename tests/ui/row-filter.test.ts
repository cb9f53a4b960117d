import { describe, expect, test } from 'vitest';
import type { ModelAnswer } from '../../src/pages/result-answers.ts';
import { experimentRows } from '../../src/ui/page/pages/experiments/experiment-rows.ts';
import { filteredRows, labelAxes } from '../../src/ui/page/pages/experiments/row-filter.ts';

const model = (data: string, size: string): ModelAnswer => ({
  instance: `train[${data},${size}]`,
  from: [],
  outdated: [],
  axes: {},
  labels: { data, size },
  params: { data, size },
  metrics: {},
});
const rows = experimentRows(
  [model('aimc', 'small'), model('aimc', 'base'), model('haq', 'small'), model('haq', 'base')],
  { isGrouped: false },
);
const names = (query: string): readonly string[] =>
  filteredRows(rows, new URLSearchParams(query)).map(({ models }) => models[0]?.instance ?? '');

describe('which rows the page of experiments shows', () => {
  test('without a filter all', () => {
    expect(names('')).toHaveLength(4);
  });

  test('those with a chosen label; an empty one chooses all', () => {
    expect(names('label=data=haq')).toEqual(['train[haq,small]', 'train[haq,base]']);
    expect(names('label=data=haq&label=size=')).toHaveLength(2);
  });

  test('those whose name or params contain a text, in any case', () => {
    expect(names('find=SIZE=base')).toEqual(['train[aimc,base]', 'train[haq,base]']);
  });

  test('not those that were hidden by name', () => {
    const [hidden] = rows;
    expect(names(`hide=${encodeURIComponent(hidden?.name ?? '')}`)).toHaveLength(3);
  });

  test('a label can be chosen of each axis with several labels and not one for every row', () => {
    expect(labelAxes(rows)).toEqual([
      { axis: 'data', values: ['aimc', 'haq'] },
      { axis: 'size', values: ['small', 'base'] },
    ]);
    expect(labelAxes(rows.slice(0, 2))).toEqual([]);
  });
});
