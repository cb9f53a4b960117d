import { describe, expect, test } from 'vitest';
import type { InstanceMetrics } from '../../src/runner/answers/results.ts';
import type { InstanceId } from '../../src/runner/identity.ts';
import { metricsDiff, metricsDiffText } from '../../src/runner/report/metrics/metrics-diff.ts';

const row = (
  instance: string,
  values: InstanceMetrics['values'],
  more: Partial<InstanceMetrics> = {},
): InstanceMetrics => ({
  instance: instance as InstanceId,
  state: 'up-to-date',
  adopted: false,
  axes: {},
  labels: {},
  params: {},
  values,
  faults: [],
  ...more,
});

const before = [
  row(
    'a',
    { steps: 4, rougeL: 0.5, same: 1 },
    { params: { config: { r: 8 } }, intervals: { rougeL: [0.4, 0.6] } },
  ),
  row('b', { rougeL: 0.25 }),
  row('gone', { rougeL: 1 }),
];
const after = [
  row(
    'a',
    { steps: 8, rougeL: 0.75, same: 1 },
    { params: { config: { r: 16 } }, intervals: { rougeL: [0.7, 0.8] } },
  ),
  row('b', { rougeL: 0.25 }),
  row('new', { rougeL: 1 }),
];

describe('the difference between two revisions', () => {
  test('metrics and params by instance, intervals first; new, removed and renamed ones', () => {
    expect(metricsDiff(before, after, undefined)).toEqual({
      changed: [
        {
          instance: 'a',
          metric: 'rougeL',
          before: 0.5,
          after: 0.75,
          change: 0.25,
          intervalBefore: [0.4, 0.6],
          intervalAfter: [0.7, 0.8],
        },
        { instance: 'a', metric: 'steps', before: 4, after: 8, change: 4 },
      ],
      params: [{ instance: 'a', param: 'config.r', before: 8, after: 16 }],
      added: ['new'],
      gone: ['gone'],
      same: ['b'],
    });
  });

  test('only the selected columns, by the last part of their names', () => {
    const nested = (value: number) => [row('a', { 'metrics.rougeL': value, 'metrics.f1': value })];
    expect(metricsDiff(nested(0), nested(1), ['f1']).changed.map(({ metric }) => metric)).toEqual([
      'metrics.f1',
    ]);
  });

  test('the bounds of a mean are not separate metrics', () => {
    const slots = (mean: number) => [
      row(
        'a',
        { 'slots.mean': mean, 'slots.low': mean - 1, 'slots.high': mean + 1 },
        { intervals: { 'slots.mean': [mean - 1, mean + 1] } },
      ),
    ];
    expect(metricsDiff(slots(1), slots(2), undefined).changed.map(({ metric }) => metric)).toEqual([
      'slots.mean',
    ]);
  });

  test('NaN that stays NaN did not change', () => {
    expect(metricsDiff([row('a', { loss: NaN })], [row('a', { loss: NaN })], undefined).same).toEqual(['a']);
  });

  test('as Markdown, with names escaped', () => {
    expect(metricsDiffText(metricsDiff(before, after, undefined), { before: '3f9a1c2', after: 'now' }))
      .toBe(`\
| instance | metric | 3f9a1c2 | now | change |
| --- | --- | --- | --- | ---: |
| \`a\` | \`rougeL\` | 0.5000 (0.4000 to 0.6000) | 0.7500 (0.7000 to 0.8000) | +0.2500 |
| \`a\` | \`steps\` | 4 | 8 | +4 |

| instance | param | before | after |
| --- | --- | --- | --- |
| \`a\` | \`config.r\` | \`8\` | \`16\` |

Only in now: \`new\`

Only in 3f9a1c2: \`gone\`

Unchanged: \`b\`
`);
    const odd = (value: number) => [row('a|b`\nc', { x: value })];
    expect(metricsDiffText(metricsDiff(odd(0), odd(1), undefined), { before: 'x', after: 'y' })).toContain(
      "| `a\\|b' c` | `x` | 0 | 1 | +1 |",
    );
  });
});
