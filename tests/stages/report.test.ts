import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ReportData } from '../../src/pages/report/report-data.ts';
import type {
  CurveAnswer,
  CurvesAnswer,
  DataAnswer,
  ExperimentsAnswer,
  SamplesAnswer,
} from '../../src/pages/result-answers.ts';
import { reportDocument } from '../../src/pages/report/report-document.ts';
import { evaluationsIn } from '../../src/pages/report/report-evaluations.ts';
import type { RowScore } from '../../src/ml/metrics/over-seeds.ts';
import { experimentRows } from '../../src/ui/page/pages/experiments/experiment-rows.ts';
import { readScores } from '../../stages/results/read-results.ts';
import { scores, selectionScore } from '../../stages/results/scores.ts';
import { readReport } from '../../stages/report/read-report.ts';
import type { GatheredReport } from '../../stages/report/read-report.ts';
import { gatheredReport, predictionLine, type ReportedModel } from './gathered-report.ts';
import { evaluation, smallEvaluation, summary } from './results.ts';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const best = { by: 'train.summary.selection_loss', goal: 'min', within: ['dataset'] } as const;

const model = (name: string, changes: Partial<ReportedModel> = {}): ReportedModel => ({
  axes: { config: { name, r: name.length }, dataset: 'aimc' },
  evaluation: evaluation({ rougeL: 0.731 }),
  summary: summary(0.25),
  ...changes,
});

let written = 0;
const report = async (
  models: readonly ReportedModel[],
  without: Partial<GatheredReport> = {},
): Promise<ReportData> => {
  const gathered = { ...gatheredReport(join(folder, `${written++}`), models), ...without };
  const read = await readReport({ title: 'medical-qa', best }, gathered);
  if (!read.ok) throw new Error(read.error);
  return read.value.data;
};

/** What a page gets, as JSON holds it. */
const answerOf = <T>(data: ReportData, key: string): T => {
  const answer: T = JSON.parse(JSON.stringify(data.answers[key]));
  return answer;
};
const experiments = (data: ReportData) => answerOf<ExperimentsAnswer>(data, '/api/experiments');

describe('the page of the stage `report`', () => {
  test('has a page for its inputs, and states that it is not medical advice', async () => {
    const data = await report([
      model('lora', {
        log: [{ step: 1, loss: 2 }],
        samples: { questions: [], answers: {} },
        predictions: [],
      }),
    ]);
    expect(data.pages).toEqual(['/experiments', '/curves', '/answers', '/samples', '/data']);
    expect(data.notice).toContain('not medical advice');
    const few = await report([model('lora')], { predictions: [], preparations: [] });
    expect(few.pages).toEqual(['/experiments']);
  });

  test('shows every number of an evaluation and its training, with the bounds of each', async () => {
    const data = await report([model('lora', { validation: [0.2, 0.3, 0.25, 0.25] })]);
    const [shown] = experiments(data).models;
    expect(shown).toMatchObject({
      instance: 'model[aimc,lora]',
      labels: { dataset: 'aimc', config: 'lora' },
      params: { 'config.r': 4 },
      metrics: {
        'multilingual.rougeL': { value: 0.731, low: 0.4, high: 0.6 },
        'metrics.rougeL': { value: 0.731 },
        'slots.dose.mean': { value: 0.25, low: 0.3, high: 0.7 },
        'slot_mean.mean': { value: 0.5 },
        'corpus.bleu': { value: 12.5 },
        selection_loss: { value: 0.25 },
        trainable_parameters: { value: 1 },
      },
    });
    expect(shown?.metrics['selection_loss']?.low).toBeLessThan(0.25);
    expect(experiments(data).notes.join(' ')).toContain('BERTScore by an encoder');
  });

  test('shows parts of the rows, and scores without leaked rows, where known', async () => {
    const { slices: _, signatures: _same, bertscore_model: _too, ...rest } = evaluation({ rougeL: 0.3 });
    const rougeL = { mean: 0.4321, low: 0.1, high: 0.9, rows: 12, method: 'student-t' } as const;
    const content = {
      ...evaluation({}),
      slices: [{ by: 'slot', slice: 'dose not right', characters: [1, 2], rougeL }],
      without_leaked: { ...rest, num_samples: 20 },
    } as const;
    const [shown] = experiments(await report([model('lora', { evaluation: content })])).models;
    expect(shown?.metrics).toMatchObject({
      'rougeL of slot dose not right': { value: 0.4321, low: 0.1, high: 0.9 },
      'without_leaked.multilingual.rougeL': { value: 0.3, low: 0.4, high: 0.6 },
      'without_leaked.num_samples': { value: 20 },
    });
  });

  test('calls the bounds of fewer than 10 rows a range', async () => {
    const [small] = experiments(
      await report([model('lora', { evaluation: smallEvaluation([0.2, 0.7]) })]),
    ).models;
    expect(small?.metrics['multilingual.rougeL']).toMatchObject({ low: 0.2, high: 0.7, isRange: true });
    const [large] = experiments(await report([model('lora')])).models;
    expect(large?.metrics['multilingual.rougeL']).not.toHaveProperty('isRange');
  });

  test('marks the best, models that do not differ from it, and adopted results', async () => {
    const losses = (loss: number) => Array.from({ length: 40 }, (_, row) => loss + (row % 5) / 10);
    const ranked = (name: string, loss: number, changes: Partial<ReportedModel> = {}): ReportedModel =>
      model(name, { summary: summary(loss), validation: losses(loss), ...changes });
    const { models } = experiments(
      await report([
        ranked('full', 0.2),
        ranked('lora', 0.2, { validation: losses(0.2).toReversed(), summary: summary(0.201) }),
        ranked('base', 0.9, { adopted: true }),
      ]),
    );
    expect(models.map((each) => [each.instance, each.best, each.isTied, each.isAdopted])).toEqual([
      ['model[aimc,base]', undefined, undefined, true],
      ['model[aimc,full]', 'train.summary.selection_loss, the smallest of its dataset', undefined, undefined],
      ['model[aimc,lora]', undefined, true, undefined],
    ]);
  });

  test('warns of models that cannot be ranked together', async () => {
    const { warnings } = experiments(
      await report([model('a'), model('b', { summary: summary(0.3, { base_model: 'other' }) })]),
    );
    expect(warnings).toEqual(['aimc: a, b are ranked together, but differ in their base model']);
  });

  test('has a row for each seed, which the page can group', async () => {
    const seeded = (seed: number): ReportedModel =>
      model('lora', { axes: { config: { name: 'lora' }, dataset: 'aimc', seed } });
    const { models } = experiments(await report([seeded(1), seeded(2)]));
    expect(models.map(({ instance, params }) => [instance, params])).toEqual([
      ['model[aimc,lora,1]', { seed: 1 }],
      ['model[aimc,lora,2]', { seed: 2 }],
    ]);
  });

  test('has the mean, deviation and interval over seeds that `collate` writes', async () => {
    const models = [0.7, 0.76, 0.61].map((score, seed): ReportedModel => {
      const scored = evaluation({ rougeL: score, exact_match: score / 8 });
      const bounds = { rougeL: [score - 0.1, score + 0.08], exact_match: [0.02, 0.2] } as const;
      return model('lora', {
        axes: { config: { name: 'lora' }, dataset: 'aimc', seed },
        evaluation: {
          ...scored,
          intervals: { metrics: bounds, multilingual: bounds },
          slot_mean: { mean: score, low: score - 0.2, high: 1, rows: 32, method: 'bootstrap-t' },
        },
        summary: summary(score / 3),
        validation: Array.from({ length: 40 }, (_, row) => score / 3 + ((row % 5) - 2) / 10),
      });
    });
    const gathered = gatheredReport(join(folder, 'seeds'), models);
    const collated = await readScores(gathered);
    const [point] = collated.ok ? collated.value.rows : [];
    if (point === undefined) throw new Error('expected one point');
    const shown = experimentRows(experiments(await report(models)).models, { isGrouped: true });
    expect(shown.map(({ models: seeds }) => seeds.length)).toEqual([3]);
    const columns = {
      multilingual_rougeL: 'multilingual.rougeL',
      multilingual_exact_match: 'multilingual.exact_match',
      exact_match: 'metrics.exact_match',
      f1: 'metrics.f1',
      slots: 'slot_mean.mean',
    };
    const compare = (score: RowScore | undefined, name: string): void => {
      const metric = shown[0]?.metrics[name];
      expect([metric?.value, metric?.deviation], name).toEqual([score?.value, score?.deviation]);
      const bounds = score?.interval ?? [Number.NaN, Number.NaN];
      expect([metric?.low, metric?.high], name).toEqual([...bounds]);
    };
    for (const [column, name] of Object.entries(columns))
      compare(
        scores()
          .find((score) => score.column === column)
          ?.of(point),
        name,
      );
    compare(selectionScore(point), 'selection_loss');
    expect(selectionScore(point)?.method).toBe('seeds and rows');
    expect(shown[0]?.metrics['metrics.f1']?.low).toBeNaN();
    expect(shown[0]?.metrics['multilingual.exact_match']?.low).toBeGreaterThan(0);
  });

  test('has the curves, the samples, the answers and the data', async () => {
    const data = await report([
      model('lora', {
        log: [
          { step: 1, epoch: 0.5, loss: 2, learningRate: 0.1 },
          { step: 2, evaluationLoss: 1.5 },
        ],
        samples: { questions: ['why?'], answers: { 'temp_0.7': ['so'] } },
        predictions: [predictionLine('one', 'the answer to one', 1), predictionLine('two', 'no', 0.25)],
        summary: summary(0.25, { truncation: [{ what: 'answers', limit: 8, rows: 9, cut: 2, longest: 30 }] }),
      }),
    ]);
    expect(answerOf<CurvesAnswer>(data, '/api/curves').curves).toEqual([
      { instance: 'model[aimc,lora]', isRunning: false, hasResult: true },
    ]);
    expect(answerOf<CurveAnswer>(data, '/api/curve?name=model%5Baimc%2Clora%5D').series).toEqual({
      loss: [{ step: 1, value: 2, epoch: 0.5 }],
      learningRate: [{ step: 1, value: 0.1, epoch: 0.5 }],
      evaluationLoss: [{ step: 2, value: 1.5 }],
    });
    expect(answerOf<SamplesAnswer>(data, '/api/samples').models).toEqual([
      { instance: 'model[aimc,lora]', questions: ['why?'], answers: { 'temp_0.7': ['so'] } },
    ]);
    expect(evaluationsIn(data.sets, 'multilingual')[0]?.evaluation.rows[1]).toMatchObject({
      question: 'two',
      prediction: 'no',
      scores: { rougeL: 0.25, bertscore_f1: 0.25, slots: 0 },
      slots: { drug: 'other' },
    });
    const [set] = answerOf<DataAnswer>(data, '/api/data').sets;
    expect(set?.instance).toBe('data[aimc]');
    expect(set?.lengths.map(({ split, field, median }) => [split, field, median])).toEqual([
      ['train', 'human', 4],
      ['train', 'assistant', 2],
      ['test', 'human', 4],
      ['test', 'assistant', 4],
    ]);
    expect(set?.truncations).toEqual([
      { what: 'answers', limit: 8, rows: 9, cut: 2, longest: 30, instances: ['model[aimc,lora]'] },
    ]);
  });

  test('names the file and line of answers that it cannot read', async () => {
    const gathered = gatheredReport(join(folder, 'broken'), [
      model('lora', { predictions: [predictionLine('one', 'yes', 1), { question: 'two' }] }),
    ]);
    const read = await readReport({ title: 'x' }, gathered);
    expect(read.ok ? '' : read.error).toMatch(/0-predictions\.jsonl:2.*expected the texts question/);
  });

  test('is the same to the byte when made again, and needs no other file', async () => {
    const models = [model('lora', { predictions: [predictionLine('<script>alert(1)</script>', 'x', 0)] })];
    const [first, second] = [await report(models), await report(models)].map((data) =>
      reportDocument(data, 'x'),
    );
    expect(first).toBe(second);
    expect(first).not.toContain('<script>alert');
    expect(first).not.toMatch(/<(script|img|link)[^>]+(src|href)="(?!data:)/);
    const policy =
      first?.indexOf(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; `) ?? -1;
    expect(policy).toBeGreaterThan(0);
    expect(policy).toBeLessThan(first?.search(/<(style|title|script|body)/) ?? 0);
  });
});
