import { basename } from 'node:path';
import { fileProblemText } from '../src/files/file-problem.ts';
import { writeJson } from '../src/files/json.ts';
import { writeJsonLines } from '../src/files/json-lines.ts';
import { readRows } from '../src/ml/dataset/read-rows.ts';
import { bertScores } from '../src/ml/evaluate/bert-score.ts';
import { openSentenceEncoder } from '../src/ml/evaluate/open-sentence-encoder.ts';
import { leastRows } from '../src/ml/metrics/estimate.ts';
import { multilingualProfile } from '../src/ml/metrics/profile.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { answerAll } from './answers/answer-all.ts';
import {
  generationSchema,
  type GenerationParams,
  requiredOfGeneration,
} from './answers/generation-params.ts';
import { type ChineseTokens, tokenizerNamed } from './eval/chinese-tokens.ts';
import { evaluationOf, scoredPredictions } from './eval/evaluation-of.ts';
import { readLeaks } from './eval/read-leaks.ts';
import { engines } from './engine/engines.ts';
import { openEngine } from './engine/open-engine.ts';

export interface EvalParams extends GenerationParams {
  readonly beams: number;
  readonly earlyStopping: boolean | 'never';
  readonly lengthPenalty: number;
  /** Test rows, from the first on; null: all. */
  readonly limit: number | null;
  /** What counts as a token of Chinese in the multilingual profile. */
  readonly chineseTokens: ChineseTokens;
  /** The encoder's layer whose vectors are matched; null: the last. */
  readonly bertscore: { readonly layer: number | null; readonly idf: boolean };
  /** Of the intervals' resampling. */
  readonly seed: number;
}

/** A model's answers to the test questions by beam search, and their scores in both profiles. */
export const stage = defineStage<
  EvalParams,
  'base' | 'model' | 'test' | 'encoder' | 'leaks?',
  'metrics' | 'predictions'
>({
  params: {
    type: 'object',
    properties: {
      ...generationSchema,
      beams: { type: 'integer', minimum: 1 },
      earlyStopping: { enum: [true, false, 'never'] },
      lengthPenalty: { type: 'number' },
      limit: { type: ['integer', 'null'], minimum: 1 },
      chineseTokens: { enum: ['mixed', 'characters', 'words'] },
      bertscore: {
        type: 'object',
        properties: { layer: { type: ['integer', 'null'], minimum: 0 }, idf: { type: 'boolean' } },
        required: ['layer', 'idf'],
        additionalProperties: false,
      },
      seed: { type: 'integer' },
    },
    required: [
      ...requiredOfGeneration,
      'beams',
      'earlyStopping',
      'lengthPenalty',
      'limit',
      'chineseTokens',
      'bertscore',
      'seed',
    ],
    additionalProperties: false,
  },
  deps: ['base', 'model', 'test', 'encoder', 'leaks?'],
  outs: ['metrics', 'predictions'],
  packages: ['@node-rs/jieba'],
  engines,
  async run({ params, deps, outs, engine: module, engineFolder, cpus, device, signal, emit }) {
    const read = await readRows(deps.test);
    if (!read.ok) return { ok: false, error: fileProblemText(read.error) };
    const rows = read.value.slice(0, params.limit ?? read.value.length);
    if (rows.length === 0)
      return { ok: false, error: `${deps.test} has no rows: there is nothing to evaluate` };
    const leaked = deps.leaks === undefined ? undefined : await readLeaks(deps.leaks);
    if (leaked?.ok === false) return { ok: false, error: fileProblemText(leaked.error) };
    const engine = openEngine({ engine: module, engineFolder, cpus, device, emit });
    if (!engine.ok) return engine;
    const runtime = engine.value;
    const encoder = await openSentenceEncoder(deps.encoder, runtime, {
      layer: params.bertscore.layer,
      name: basename(deps.encoder),
      tokenization: params.tokenization,
    });
    if (!encoder.ok) return encoder;

    const search = {
      kind: 'beam',
      beams: params.beams,
      earlyStopping: params.earlyStopping,
      lengthPenalty: params.lengthPenalty,
      returned: 1,
    } as const;
    const answers = await answerAll({
      ...deps,
      trained: deps.model,
      runtime,
      questions: rows.map(({ human }) => human),
      params,
      searches: [search],
      signal,
      emit,
    });
    if (!answers.ok) return answers;
    const predictions = answers.value[0] ?? [];
    const pairs = rows.map(({ assistant }, index) => ({
      candidate: predictions[index] ?? '',
      reference: assistant,
    }));
    const bert = await bertScores(pairs, encoder.value, runtime, {
      idf: params.bertscore.idf,
      baseline: null,
      batch: 64,
      onProgress: (done) =>
        emit({ kind: 'progress', done, total: rows.length, unit: 'row', note: 'BERTScore' }),
    });

    const lines = scoredPredictions(
      rows,
      predictions,
      bert,
      multilingualProfile(await tokenizerNamed(params.chineseTokens)),
    );
    const evaluation = evaluationOf(lines, {
      encoder: encoder.value.label,
      seed: params.seed,
      leaked: leaked?.value,
    });
    if (rows.length < fewRows)
      emit({
        kind: 'warning',
        text: fewRowsText(rows.length),
      });
    for (const written of [
      await writeJsonLines(outs.predictions, lines),
      await writeJson(outs.metrics, evaluation),
    ]) {
      if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
    }
  },
});

const fewRowsText = (rows: number): string =>
  rows < leastRows
    ? `${rows} test rows are too few for intervals of most scores: the range of the rows is shown ` +
      'instead'
    : `${rows} test rows are few: compare scores by their intervals`;

/** With fewer, no interval reaches its nominal coverage for every kind of score. */
const fewRows = 20;
