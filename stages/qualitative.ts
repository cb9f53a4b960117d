import { fileProblemText } from '../src/files/file-problem.ts';
import { isJsonObject, readJson, writeJson } from '../src/files/json.ts';
import type { Result } from '../src/result.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { answerAll } from './answers/answer-all.ts';
import {
  generationSchema,
  type GenerationParams,
  requiredOfGeneration,
} from './answers/generation-params.ts';
import type { Samples } from './results/evaluation.ts';
import { engines } from './engine/engines.ts';
import { openEngine } from './engine/open-engine.ts';

export interface QualitativeParams extends GenerationParams {
  readonly temperatures: readonly number[];
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
}

/** A model's answers to a few questions, sampled at several temperatures, for people to read. */
export const stage = defineStage<QualitativeParams, 'base' | 'model' | 'questions', 'samples'>({
  params: {
    type: 'object',
    properties: {
      ...generationSchema,
      temperatures: {
        type: 'array',
        items: { type: 'number', exclusiveMinimum: 0 },
        minItems: 1,
        uniqueItems: true,
      },
      topP: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
      topK: { type: 'integer', minimum: 0 },
      seed: { type: 'integer' },
    },
    required: [...requiredOfGeneration, 'temperatures', 'topP', 'topK', 'seed'],
    additionalProperties: false,
  },
  deps: ['base', 'model', 'questions'],
  outs: ['samples'],
  engines,
  async run({ params, deps, outs, engine: module, engineFolder, cpus, device, signal, emit }) {
    const questions = await readQuestions(deps.questions);
    if (!questions.ok) return questions;
    const engine = openEngine({ engine: module, engineFolder, cpus, device, emit });
    if (!engine.ok) return engine;
    const runtime = engine.value;
    const { seed, topK, topP, temperatures } = params;
    const searches = temperatures.map(
      (temperature) => ({ kind: 'sample', seed, temperature, topK, topP }) as const,
    );
    const answers = await answerAll({
      ...deps,
      trained: deps.model,
      runtime,
      questions: questions.value,
      params,
      searches,
      signal,
      emit,
    });
    if (!answers.ok) return answers;
    const samples: Samples = {
      questions: questions.value,
      answers: Object.fromEntries(
        temperatures.map((temperature, index) => [
          `temp_${Number.isInteger(temperature) ? temperature.toFixed(1) : temperature}`,
          answers.value[index] ?? [],
        ]),
      ),
    };
    const written = await writeJson(outs.samples, samples);
    if (!written.ok) return { ok: false, error: fileProblemText(written.error) };
  },
});

/** A list of texts, or a document whose "questions" are one. */
async function readQuestions(path: string): Promise<Result<readonly string[]>> {
  const json = await readJson(path);
  if (!json.ok) return { ok: false, error: fileProblemText(json.error) };
  const list = isJsonObject(json.value) ? json.value['questions'] : json.value;
  if (!Array.isArray(list) || !list.every((question) => typeof question === 'string'))
    return { ok: false, error: `${path}: expected {"questions": [texts]} or a list of texts` };
  return { ok: true, value: list };
}
