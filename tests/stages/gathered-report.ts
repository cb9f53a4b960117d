import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Value } from '../../src/stage/context.ts';
import type { GatheredReport } from '../../stages/report/read-report.ts';
import type { Evaluation, TrainingSummary } from '../../stages/results/evaluation.ts';

/** What one model left. */
export interface ReportedModel {
  readonly axes: Readonly<Record<string, Value>>;
  readonly evaluation: Evaluation;
  readonly summary: TrainingSummary;
  readonly adopted?: true;
  /** The loss of its validation rows, each of one token. */
  readonly validation?: readonly number[];
  readonly log?: readonly object[];
  readonly samples?: object;
  readonly predictions?: readonly object[];
}

/** Writes the results of models into a folder, as the stage `report` gathers them. */
export function gatheredReport(folder: string, models: readonly ReportedModel[]): GatheredReport {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, index: number, lines: readonly unknown[]): string => {
    const path = join(folder, `${index}-${name}`);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return path;
  };
  const gathered = (name: string, linesOf: (model: ReportedModel) => readonly unknown[] | undefined) =>
    models.flatMap((model, index) => {
      const lines = linesOf(model);
      const { axes, adopted } = model;
      if (lines === undefined) return [];
      const path = write(name, index, lines);
      return [adopted === undefined ? { axes, path } : { axes, path, adopted }];
    });
  const dataset = (name: string, lines: readonly unknown[]) => [
    { axes: { dataset: 'aimc' }, path: write(name, models.length, lines) },
  ];
  return {
    evaluations: gathered('metrics.json', ({ evaluation }) => [evaluation]),
    trainings: gathered('summary.json', ({ summary }) => [summary]),
    validations: gathered('validation.jsonl', ({ validation }) =>
      validation?.map((loss, row) => ({ row, tokens: 1, loss, smoothed_loss: loss })),
    ),
    logs: gathered('log.jsonl', ({ log }) => log),
    samples: gathered('samples.json', ({ samples }) => samples && [samples]),
    predictions: gathered('predictions.jsonl', ({ predictions }) => predictions),
    preparations: dataset('preparation.json', [{ records: 7, train: 5, test: 2, dropped: [], repaired: [] }]),
    trainRows: dataset('train.jsonl', [{ human: 'why?', assistant: 'so' }]),
    testRows: dataset('test.jsonl', [{ human: 'how?', assistant: 'thus' }]),
  };
}

/** A line of predictions.jsonl with one score for all. */
export const predictionLine = (question: string, prediction: string, score: number): object => ({
  question,
  prediction,
  reference: `the answer to ${question}`,
  scores: {
    reference: { rougeL: score, bertscore_f1: score },
    multilingual: { rougeL: score, f1: score, exact_match: score === 1 ? 1 : 0 },
  },
  slots: { drug: score === 1 ? 'named' : 'other' },
});
