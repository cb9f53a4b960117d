import { describe, expect, test } from 'vitest';
import { collatedMetrics, csvOf } from '../../stages/collate/collated-metrics.ts';
import { roundHalfEven } from '../../stages/collate/round-half-even.ts';
import { type BestPoints, bestPoints } from '../../stages/results/best-points.ts';
import { type ScoreRow, scoreRows } from '../../stages/results/score-row.ts';
import { scoreTable } from '../../stages/collate/score-table.ts';
import type { Best } from '../../src/stage/best.ts';
import type { Evaluation } from '../../stages/results/evaluation.ts';
import { evaluation, smallEvaluation, summary } from './results.ts';

const declared: Best = { by: 'train.summary.selection_loss', goal: 'min', within: ['dataset'] };

function points(rows: readonly ScoreRow[], best: Best | undefined = declared): BestPoints {
  const found = bestPoints(rows, best);
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

const lines = (rows: readonly ScoreRow[]) => collatedMetrics(rows, points(rows));
const table = (rows: readonly ScoreRow[], best = declared) => scoreTable(rows, points(rows, best));
const aimc = (name: string, learningRate = 1) => ({ dataset: 'aimc', config: { name, learningRate } });

describe('collate', () => {
  test('keeps the columns, rounding and order of the original experiment', () => {
    const [line] = lines(
      scoreRows(
        [{ axes: aimc('gs_1'), content: evaluation({ rouge1: 0.34859759999498824, exact_match: 0.03125 }) }],
        [],
      ),
    );
    expect(Object.entries(line ?? {}).slice(0, 9)).toEqual(
      Object.entries({
        dataset: 'aimc',
        model_type: 'gs_1',
        log_file: '',
        rouge1: 0.3486,
        rouge2: 0.5,
        rougeL: 0.5,
        f1: 0.5,
        bertscore_f1: 0.5,
        exact_match: 0.0312,
      }),
    );
  });

  test('a score that the profiles count differently is in the files twice, with its profile', () => {
    const chinese = {
      ...evaluation({ rougeL: 0, f1: 0 }),
      multilingual: { rouge1: 0.9, rouge2: 0.8, rougeL: 0.99123, f1: 0.7, exact_match: 0.6 },
    };
    const rows = scoreRows([{ axes: { dataset: 'huatuo', config: { name: 'full' } }, content: chinese }], []);
    expect(lines(rows)).toMatchObject([
      {
        profile: 'reference',
        rougeL: 0,
        f1: 0,
        multilingual_rouge1: 0.9,
        multilingual_rouge2: 0.8,
        multilingual_rougeL: 0.9912,
        multilingual_f1: 0.7,
        multilingual_exact_match: 0.6,
      },
    ]);
    expect(table(rows)).toMatch(/0\.991.*scores: multilingual profile/s);
  });

  test('marks a row with an adopted result, in the table and in the files', () => {
    const adopted = scoreRows(
      [{ axes: aimc('a'), content: evaluation({}) }],
      [{ axes: aimc('a'), content: summary(0.5), adopted: true }],
    );
    expect(lines(adopted)[0]).toMatchObject({ adopted: true });
    expect(table(adopted)).toMatch(/a \* † [\s\S]*† adopted: existing files/);
    const computed = scoreRows([{ axes: aimc('a'), content: evaluation({}) }], []);
    expect(lines(computed)[0]).toMatchObject({ adopted: false });
    expect(table(computed)).not.toContain('†');
  });

  test('shows the scores without leaked rows where there are some, in the table and in the files', () => {
    const whole = evaluation({ rougeL: 0.9 });
    const { slices: _, signatures: _same, bertscore_model: _too, ...rest } = evaluation({ rougeL: 0.3 });
    const leaky = (without_leaked: NonNullable<Evaluation['without_leaked']> | null) =>
      scoreRows([{ axes: aimc('a'), content: { ...whole, without_leaked } }], []);
    const shown = leaky({ ...rest, num_samples: 20 });
    expect(table(shown)).toMatch(
      /Without the test rows that training rows give away:[\s\S]*20\/32[^\n]* 0\.300/,
    );
    expect(lines(shown)[0]).toMatchObject({
      multilingual_rougeL: 0.9,
      without_leaked_rows: 20,
      without_leaked_multilingual_rougeL: 0.3,
      without_leaked_multilingual_rougeL_low: 0.4,
      without_leaked_slots: 0.5,
    });
    for (const none of [leaky(rest), leaky(null)]) {
      expect(table(none)).not.toContain('Without');
      expect(Object.keys(lines(none)[0] ?? {}).join()).not.toContain('without_leaked');
    }
  });

  test('an evaluation with more axes than its training is matched with it', () => {
    const rows = scoreRows(
      [1, 4].map((beams) => ({ axes: { ...aimc('a'), beams }, content: evaluation({}) })),
      [
        { axes: aimc('a'), content: summary(0.5) },
        { axes: aimc('b'), content: summary(0.25) },
      ],
    );
    expect(lines(rows)).toMatchObject([{ selection_loss: 0.5 }, { selection_loss: 0.5 }]);
  });

  test('quotes a CSV field with a comma', () => {
    const rows = scoreRows(
      [{ axes: { dataset: 'aimc', learningRate: 1, r: 8 }, content: evaluation({}) }],
      [],
    );
    const [header, first, rest] = csvOf(lines(rows)).split('\n');
    expect(header).toMatch(
      /^dataset,model_type,log_file,rouge1,rouge2,rougeL,f1,bertscore_f1,exact_match,profile,rows,seeds,best_of_grid/,
    );
    expect(first).toMatch(/^aimc,"1, 8",,0\.5,0\.5,0\.5,0\.5,0\.5,0\.5,reference,32,1,false,/);
    expect(rest).toBe('');
  });

  test('every score in the files has its bounds, rows and method: the table can be built from them', () => {
    const rows = scoreRows([{ axes: aimc('full'), content: evaluation({}) }], []);
    expect(lines(rows)[0]).toMatchObject({
      rows: 32,
      multilingual_rougeL: 0.5,
      multilingual_rougeL_low: 0.4,
      multilingual_rougeL_high: 0.6,
      multilingual_rougeL_method: 'bootstrap-t',
      slots: 0.5,
      slots_low: 0.3,
      slots_high: 0.7,
      bleu: 12.5,
      bleu_low: null,
      selection_loss: null,
    });
  });

  test('chooses the best point of a grid by validation loss, not by test score', () => {
    const rows = scoreRows(
      [
        { axes: aimc('full'), content: evaluation({ rougeL: 0.9 }) },
        { axes: aimc('gs_1'), content: evaluation({ rougeL: 0.8 }) },
        { axes: aimc('gs_2'), content: evaluation({ rougeL: 0.7 }) },
      ],
      [
        { axes: aimc('full'), content: summary(0.4) },
        { axes: aimc('gs_1'), content: summary(0.3) },
        { axes: aimc('gs_2'), content: summary(0.2) },
      ],
    );
    expect([...points(rows).best].map(({ model }) => model)).toEqual(['gs_2']);
    expect(table(rows)).toContain('gs_2 *');
  });

  test('seeds of one point become one row with mean and sample deviation', () => {
    const rows = scoreRows(
      [1, 2, 3].map((seed) => ({
        axes: { ...aimc('lora'), seed },
        content: evaluation({ rougeL: seed / 10 }),
      })),
      [],
    );
    expect(rows).toHaveLength(1);
    expect(table(rows)).toContain('0.200 ± 0.100');
    expect(table(rows)).toContain('over 3 seeds');
  });

  test('several seeds add columns to the files: their number, and deviations', () => {
    const seeds = [1, 2].map((seed) => ({
      axes: { ...aimc('lora'), seed },
      content: evaluation({ rougeL: seed / 10 }),
    }));
    const [full, lora] = lines(
      scoreRows([...seeds, { axes: { ...aimc('full'), seed: 1 }, content: evaluation({}) }], []),
    );
    expect(full).toMatchObject({ seeds: 1, rougeL: 0.5, rougeL_std: null, multilingual_rougeL_std: null });
    expect(lora).toMatchObject({
      seeds: 2,
      rougeL: 0.15,
      rougeL_std: 0.0707,
      multilingual_rougeL_std: 0.0707,
    });
    expect(
      table(
        scoreRows(
          seeds,
          [1, 2].map((seed) => ({ axes: { ...aimc('lora'), seed }, content: summary(seed) })),
        ),
      ),
    ).toContain('1.500 ± 0.707');
  });

  test('the interval over seeds includes the spread of seeds and of rows', () => {
    const seeds = (...scores: readonly number[]) =>
      lines(
        scoreRows(
          scores.map((rougeL, seed) => ({
            axes: { ...aimc('lora'), seed },
            content: evaluation({ rougeL }),
          })),
          [],
        ),
      )[0];
    const width = (line: ReturnType<typeof seeds>): number =>
      Number(line?.['multilingual_rougeL_high']) - Number(line?.['multilingual_rougeL_low']);
    expect(seeds(0.5, 0.5, 0.5)?.['multilingual_rougeL_method']).toBe('seeds and rows');
    expect(width(seeds(0.5, 0.5, 0.5))).toBeCloseTo(0.2, 1);
    // Three seeds far apart: their own Student's t interval, 2 x 4.303 x 0.2 / sqrt(3), is 0.99.
    expect(width(seeds(0.3, 0.5, 0.7))).toBeGreaterThan(0.7);
  });
});

describe('with fewer than 10 rows', () => {
  const few = { axes: aimc('few'), content: smallEvaluation([0.2, 0.7]) };

  test('the note of the table calls the bounds a range, also beside intervals of other models', () => {
    const range = 'range of the rows (fewer than 10, too few for an interval)';
    expect(table(scoreRows([few], []))).toContain(`rougeL with its ${range};`);
    expect(table(scoreRows([few, { axes: aimc('many'), content: evaluation({}) }], []))).toContain(
      `rougeL with its 95 % interval, or the ${range};`,
    );
    expect(table(scoreRows([{ axes: aimc('many'), content: evaluation({}) }], []))).toContain(
      'rougeL with its 95 % interval;',
    );
  });

  test('several seeds give the range over all of them, not an interval of ranges', () => {
    const seeds = [
      [0.2, 0.7],
      [0.1, 0.6],
    ] as const;
    expect(
      lines(
        scoreRows(
          seeds.map((range, seed) => ({ axes: { ...aimc('lora'), seed }, content: smallEvaluation(range) })),
          [],
        ),
      )[0],
    ).toMatchObject({
      multilingual_rougeL_low: 0.1,
      multilingual_rougeL_high: 0.7,
      multilingual_rougeL_method: 'range',
    });
  });
});

describe('the best point of a grid', () => {
  const rows = (
    ...trained: readonly (readonly [string, ReturnType<typeof summary>, (readonly number[])?])[]
  ) =>
    scoreRows(
      trained.map(([name]) => ({ axes: aimc(name), content: evaluation({}) })),
      trained.map(([name, content]) => ({ axes: aimc(name), content })),
      trained.flatMap(([name, , losses]) =>
        losses === undefined
          ? []
          : [
              {
                axes: aimc(name),
                content: losses.map((loss, row) => ({ row: row + 1, tokens: 2, loss, smoothed_loss: loss })),
              },
            ],
      ),
    );
  const names = (found: ReadonlySet<ScoreRow>): readonly string[] => [...found].map(({ model }) => model);

  test('is chosen by the selection loss, not by the smoothed one', () => {
    const found = points(
      rows(
        ['gs_1', summary(1.084, { selection_loss: 0.02 })],
        ['gs_2', summary(0.165, { selection_loss: 0.165 })],
      ),
    );
    expect(names(found.best)).toEqual(['gs_1']);
  });

  test('is never an untrained model', () => {
    const found = points(rows(['gs_0', summary(0.1, { steps: 0 })], ['gs_1', summary(0.5)]));
    expect(names(found.best)).toEqual(['gs_1']);
  });

  test('is listed with those whose losses, row by row, could be as low', () => {
    const losses = Array.from({ length: 40 }, (_, row) => 1 + (row % 5) / 10);
    const found = points(
      rows(
        ['gs_1', summary(0.5), losses],
        ['gs_2', summary(0.51), losses.map((loss, row) => loss + (row % 2 === 0 ? 0.05 : -0.045))],
        ['gs_3', summary(0.6), losses.map((loss, row) => loss + 0.1 + (row % 2) / 100)],
      ),
    );
    expect(names(found.best)).toEqual(['gs_1']);
    expect(names(found.tied)).toEqual(['gs_2']);
    expect(found.warnings.map(({ text }) => text)).toEqual([]);
  });

  test('is one of all points, or one within the declared axes', () => {
    const two = scoreRows(
      ['aimc', 'huatuo'].flatMap((dataset) =>
        ['a', 'b'].map((name) => ({ axes: { dataset, config: { name } }, content: evaluation({}) })),
      ),
      [0.4, 0.3, 0.2, 0.5].map((loss, index) => ({
        axes: { dataset: index < 2 ? 'aimc' : 'huatuo', config: { name: index % 2 === 0 ? 'a' : 'b' } },
        content: summary(loss),
      })),
    );
    const marked = (best: Best | undefined): readonly string[] =>
      [...points(two, best).best].map(({ dataset, model }) => `${dataset} ${model}`);
    expect(marked(declared)).toEqual(['aimc b', 'huatuo a']);
    expect(marked({ ...declared, goal: 'max' })).toEqual(['aimc a', 'huatuo b']);
    expect(marked({ by: declared.by, goal: 'min' })).toEqual(['huatuo a']);
    expect(marked({ by: 'train.summary.best_step', goal: 'max' })).toHaveLength(4);
    expect(bestPoints(two, undefined)).toMatchObject({ ok: true, value: { best: new Set() } });
  });

  test('is chosen by the mean of its seeds, not by the luckiest one', () => {
    const seeds = [
      ['a', 1, 0.1],
      ['a', 2, 0.9],
      ['b', 1, 0.3],
      ['b', 2, 0.3],
    ] as const;
    const found = points(
      scoreRows(
        seeds.map(([name, seed]) => ({ axes: { ...aimc(name), seed }, content: evaluation({}) })),
        seeds.map(([name, seed, loss]) => ({ axes: { ...aimc(name), seed }, content: summary(loss) })),
      ),
    );
    expect(names(found.best)).toEqual(['b']);
  });

  test('is refused where no training has the number, as for a score of the test rows', () => {
    const found = bestPoints(rows(['a', summary(0.5)]), {
      by: 'eval.metrics.multilingual.rougeL',
      goal: 'max',
    });
    expect(found.ok ? '' : found.error).toContain('no summary of a training has "multilingual.rougeL"');
  });

  test('comes with a warning where bases, rows, prompts or tokenizers differ', () => {
    const found = points(
      rows(['gs_1', summary(0.5)], ['gs_2', summary(0.4, { base_model: 'other', validation_digest: 'b' })]),
    );
    expect(found.warnings.map(({ text }) => text)).toEqual([
      'aimc: gs_1, gs_2 are ranked together, but differ in their base model',
      'aimc: gs_1, gs_2 are ranked together, but differ in their validation rows, prompt or tokenizer',
    ]);
  });
});

describe('rounding as Python rounds', () => {
  test.each([
    [0.03125, 4, 0.0312],
    [0.09375, 4, 0.0938],
    [0.5, 0, 0],
    [1.5, 0, 2],
    [-0.03125, 4, -0.0312],
    [2.675, 2, 2.67],
    [0.30000000000000004, 1, 0.3],
  ])('%d to %d digits is %d', (value, digits, expected) => {
    expect(roundHalfEven(value, digits)).toBeCloseTo(expected, 12);
  });
});
