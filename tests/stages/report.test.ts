import { describe, expect, test } from 'vitest';
import { scoreRows } from '../../stages/results/score-row.ts';
import { lossChart, smoothed } from '../../stages/report/loss-chart.ts';
import { reportPage } from '../../stages/report/page.ts';
import type { BestPoints } from '../../stages/results/best-points.ts';
import { evaluation, smallEvaluation, summary } from './results.ts';

const axes = { dataset: 'aimc', config: { name: 'lora' } };

const unmarked: BestPoints = { by: undefined, best: new Set(), tied: new Set(), warnings: [] };

const page = reportPage({
  title: 'medical-qa',
  rows: scoreRows([{ axes, content: evaluation({ rougeL: 0.731 }) }], [{ axes, content: summary(0.25) }]),
  points: unmarked,
  logs: [
    {
      axes,
      content: [
        { step: 1, loss: 2 },
        { step: 2, loss: 1 },
        { step: 2, evaluationLoss: 1.5 },
      ],
    },
  ],
  samples: [
    {
      axes,
      content: {
        questions: ['Is 3 < 4 & "so"?'],
        answers: { '0.7': ['<script>alert(1)</script>'], '1.0': ['yes'] },
      },
    },
  ],
});

describe('the report', () => {
  test('shows scores with intervals, loss curves, slots and samples', () => {
    for (const part of [
      '0.731',
      '0.400 to 0.600',
      '<polyline',
      'Slot accuracy',
      'temperature 0.7',
      'not medical advice',
    ])
      expect(page).toContain(part);
  });

  test('calls the bounds of fewer than 10 rows a range', () => {
    const rows = scoreRows([{ axes, content: smallEvaluation([0.2, 0.7]) }], []);
    const small = reportPage({ title: 'few', rows, points: unmarked, logs: [], samples: [] });
    expect(small).toContain('0.200 to 0.700 (range)');
    expect(small).toContain('ROUGE-L with its range of the rows');
    expect(small).not.toContain('95 %');
    expect(page).toContain('ROUGE-L with its 95 % interval');
  });

  test('text of a model cannot become markup', () => {
    expect(page).not.toContain('<script>');
    expect(page).toContain('&#60;script&#62;');
    expect(page).toContain('Is 3 &#60; 4 &#38; &#34;so&#34;?');
  });

  test('allows inline style and nothing else, before anything that could be loaded', () => {
    const policy = page.indexOf(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">`,
    );
    expect(policy).toBeGreaterThan(0);
    expect(policy).toBeLessThan(page.search(/<(style|title|body)/));
  });

  test('needs nothing but itself: no script, no request', () => {
    expect(page).not.toMatch(/<script|src=|https?:|@import|url\(/);
  });
});

describe('the loss chart', () => {
  test('survives one point, equal losses, and losses that are not finite', () => {
    const line = { label: 'a', color: 'red', dashed: false };
    for (const points of [
      [{ x: 1, y: 2 }],
      [
        { x: 1, y: 2 },
        { x: 2, y: 2 },
      ],
      [
        { x: 0, y: Number.NaN },
        { x: 1, y: 3 },
      ],
    ]) {
      expect(lossChart([{ ...line, points }]).html).not.toMatch(/Infinity/);
    }
    expect(lossChart([]).html).toContain('No training steps');
  });

  test('a running mean starts with what there is', () => {
    expect(
      smoothed(
        [
          { x: 1, y: 1 },
          { x: 2, y: 3 },
          { x: 3, y: 8 },
        ],
        2,
      ),
    ).toEqual([
      { x: 1, y: 1 },
      { x: 2, y: 2 },
      { x: 3, y: 5.5 },
    ]);
  });
});
