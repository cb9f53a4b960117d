import { describe, expect, test } from 'vitest';
import { collatedMetrics, csvOf } from '../../stages/collate/collated-metrics.ts';
import { roundHalfEven } from '../../stages/collate/round-half-even.ts';
import { bestOfGrids, scoreRows } from '../../stages/results/score-row.ts';
import { scoreTable } from '../../stages/collate/score-table.ts';
import { evaluation, summary } from './results.ts';

const aimc = (name: string, learningRate = 1) => ({ dataset: 'aimc', config: { name, learningRate } });

describe('collate', () => {
  test('keeps the columns and the rounding of the original experiment, in its order, and names no log file that there is not', () => {
    const [line] = collatedMetrics(
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

  test('a score that the profiles count differently stands in the files twice, and both say which it is', () => {
    const chinese = {
      ...evaluation({ rougeL: 0, f1: 0 }),
      multilingual: { rouge1: 0.9, rouge2: 0.8, rougeL: 0.99123, f1: 0.7, exact_match: 0.6 },
    };
    const rows = scoreRows([{ axes: { dataset: 'huatuo', config: { name: 'full' } }, content: chinese }], []);
    expect(collatedMetrics(rows)).toMatchObject([
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
    expect(scoreTable(rows, 'gs_')).toMatch(/0\.991.*exact: multilingual profile/s);
  });

  test('quotes a field of the CSV that holds a comma', () => {
    const rows = scoreRows(
      [{ axes: { dataset: 'aimc', learningRate: 1, r: 8 }, content: evaluation({}) }],
      [],
    );
    expect(csvOf(collatedMetrics(rows))).toBe(
      'dataset,model_type,log_file,rouge1,rouge2,rougeL,f1,bertscore_f1,exact_match,profile,multilingual_rouge1,multilingual_rouge2,multilingual_rougeL,multilingual_f1,multilingual_exact_match\n' +
        'aimc,"1, 8",,0.5,0.5,0.5,0.5,0.5,0.5,reference,0.5,0.5,0.5,0.5,0.5\n',
    );
  });

  test('chooses the best point of a grid by validation loss though another has the better test score', () => {
    const rows = scoreRows(
      [
        { axes: aimc('full'), content: evaluation({ rougeL: 0.9 }) },
        { axes: aimc('gs_1'), content: evaluation({ rougeL: 0.8 }) },
        { axes: aimc('gs_2'), content: evaluation({ rougeL: 0.7 }) },
      ],
      [
        { axes: aimc('full'), content: summary(0.1) },
        { axes: aimc('gs_1'), content: summary(0.3) },
        { axes: aimc('gs_2'), content: summary(0.2) },
      ],
    );
    expect([...bestOfGrids(rows, 'gs_')].map(({ model }) => model)).toEqual(['gs_2']);
    expect(scoreTable(rows, 'gs_')).toContain('gs_2 *');
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
    expect(scoreTable(rows, 'gs_')).toContain('0.200 ± 0.100');
    expect(scoreTable(rows, 'gs_')).toContain('over 3 seeds');
  });

  test('several seeds add columns to the files: how many, and deviations, empty for a point of one seed', () => {
    const seeds = [1, 2].map((seed) => ({
      axes: { ...aimc('lora'), seed },
      content: evaluation({ rougeL: seed / 10 }),
    }));
    const lines = collatedMetrics(
      scoreRows([...seeds, { axes: { ...aimc('full'), seed: 1 }, content: evaluation({}) }], []),
    );
    expect(
      lines.map(({ model_type, rougeL, seeds: count, rougeL_std, multilingual_rougeL_std }) => [
        model_type,
        rougeL,
        count,
        rougeL_std,
        multilingual_rougeL_std,
      ]),
    ).toEqual([
      ['full', 0.5, 1, null, null],
      ['lora', 0.15, 2, 0.0707, 0.0707],
    ]);
    expect(csvOf(lines).split('\n')[1]).toBe(
      'aimc,full,,0.5,0.5,0.5,0.5,0.5,0.5,reference,0.5,0.5,0.5,0.5,0.5,1,,,,,,,,,,,',
    );
    expect(
      scoreTable(
        scoreRows(
          seeds,
          [1, 2].map((seed) => ({ axes: { ...aimc('lora'), seed }, content: summary(seed) })),
        ),
        'gs_',
      ),
    ).toContain('1.500 ± 0.707');
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
