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

describe('the report of several seeds and many models', () => {
  const models = Array.from({ length: 10 }, (_, model) => `m${model}`);
  const each = models.flatMap((name) => [1, 2].map((seed) => ({ dataset: 'aimc', config: { name }, seed })));
  const records = [
    { step: 1, loss: 2 },
    { step: 2, loss: 1 },
  ];
  const seeded = reportPage({
    title: 'seeds',
    rows: scoreRows(
      each.map((point) => ({ axes: point, content: evaluation({ rougeL: point.seed / 4 }) })),
      [],
    ),
    points: unmarked,
    logs: each.map((point) => ({ axes: point, content: records })),
    samples: [],
  });

  test('has a dot with whiskers for each model and a tick for each seed', () => {
    expect(seeded.match(/class="dot"/g)).toHaveLength(10);
    expect(seeded.match(/class="whisker"/g)).toHaveLength(10);
    expect(seeded.match(/class="seed"/g)).toHaveLength(20);
    expect(page).not.toContain('class="seed"');
    expect(seeded).toContain('± 0.177');
  });

  test('has one colour and mark for the seeds of a model, and no two models alike', () => {
    const keys = [...seeded.matchAll(/<span><svg class="key".*?<\/svg>m\d<\/span>/gs)].map(([key]) =>
      key.replace(/m\d<\/span>$/, ''),
    );
    expect(new Set(keys).size).toBe(10);
    expect(seeded.match(/<title>m3, seed [12], training<\/title>/g)).toHaveLength(2);
    expect(seeded).toContain('a line for each seed');
  });

  test('leaves out ROUGE-1 beside the F1 that it equals, and says so', () => {
    const [scoresTable = ''] = /<h3>Scores<\/h3>.*?<\/table>/s.exec(seeded) ?? [];
    expect(scoresTable).toContain('ROUGE-1 always equals F1');
    expect(scoresTable).not.toContain('<th>ROUGE-1</th>');
    expect(scoresTable).toContain('<th>F1</th>');
  });
});

test('the report shows parts of the rows, and scores without leaked rows, where they are known', () => {
  const { slices: _, signatures: _same, bertscore_model: _too, ...rest } = evaluation({ rougeL: 0.3 });
  const content = {
    ...evaluation({}),
    slices: [
      {
        by: 'slot',
        slice: 'dose not right',
        characters: [1, 2],
        rougeL: { mean: 0.4321, low: 0.1, high: 0.9, rows: 12, method: 'student-t' },
      },
    ],
    without_leaked: { ...rest, num_samples: 20 },
  } as const;
  const shown = reportPage({
    title: 'parts',
    rows: scoreRows([{ axes, content }], []),
    points: unmarked,
    logs: [],
    samples: [],
  });
  for (const part of ['dose not right', '0.432', '12 rows', 'Without leaked rows', '20 of 32'])
    expect(shown).toContain(part);
  expect(page).not.toContain('Without leaked rows');
});

describe('the loss chart', () => {
  test('survives one point, equal losses, and losses that are not finite', () => {
    const line = { label: 'a', color: 'red', mark: 'none', dashed: false } as const;
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
