import { tokenizeSources } from '../src/ml/dataset/tokenize-rows.ts';
import { readGenerationConfig } from '../src/ml/checkpoint/generation-config.ts';
import { openDecoder } from '../src/ml/generate/decoder.ts';
import { folderGeneration } from '../src/ml/generate/folder-generation.ts';
import { generate } from '../src/ml/generate/generate.ts';
import { mostNeeded } from '../src/ml/generate/selected-candidates.ts';
import { mean } from '../src/ml/metrics/mean.ts';
import { multilingualProfile } from '../src/ml/metrics/profile.ts';
import { mixedTokens } from '../src/ml/metrics/tokenize.ts';
import { plainTrace } from '../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../src/ml/model/packed-rows.ts';
import type { StageContext } from '../src/stage/context.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { trainingEngines } from './engine/training-engines.ts';
import { type MeasureFor, runTraining, type TrainDep, type TrainOut } from './train/run-training.ts';
import { trainParamsSchema, type TrainParams } from './train/train-params.ts';

export interface MeasuredTrainParams extends TrainParams {
  /** Held-out questions that are answered at every evaluation, greedily. */
  readonly measure: { readonly rows: number; readonly maxLength: number; readonly batch: number };
}

/**
 * `train`, and at every evaluation the scores of a few generated answers beside the loss. A stage of its own,
 * so that editing a metric or a search trains nothing again that is not measured by it.
 */
export const stage = defineStage<MeasuredTrainParams, TrainDep, TrainOut>({
  params: {
    ...trainParamsSchema,
    properties: {
      ...trainParamsSchema.properties,
      measure: {
        type: 'object',
        properties: {
          rows: { type: 'integer', minimum: 1 },
          maxLength: { type: 'integer', minimum: 2 },
          batch: { type: 'integer', minimum: 1 },
        },
        required: ['rows', 'maxLength', 'batch'],
        additionalProperties: false,
      },
    },
    required: [...trainParamsSchema.required, 'measure'],
  },
  deps: ['base', 'train', 'adapter?', 'state?'],
  outs: ['model', 'log', 'summary', 'validation?', 'state?'],
  engines: trainingEngines,
  run: (context) => runTraining(context, answersOf(context.params, context)),
});

const answersOf =
  (
    { measure, ...params }: MeasuredTrainParams,
    { signal, emit }: Pick<StageContext<MeasuredTrainParams>, 'signal' | 'emit'>,
  ): MeasureFor =>
  ({ model, tokenizer, runtime, rows }) => {
    const search = {
      maxLength: measure.maxLength,
      noRepeatNgramSize: 0,
      search: { kind: 'greedy' },
    } as const;
    const own = folderGeneration(search, model.generation, model.config);
    if (!own.ok)
      emit({
        kind: 'warning',
        text: `answers are evaluated without the model's own generation settings: ${own.error}`,
      });
    const options = own.ok ? own : folderGeneration(search, readGenerationConfig({}).config, model.config);
    if (!options.ok) return options;
    const measuredRows = rows.slice(0, measure.rows);
    const { tokens } = tokenizeSources(
      measuredRows.map(({ human }) => human),
      tokenizer,
      params,
    );
    const scoreOf = multilingualProfile(mixedTokens);
    const measured = async (parameters: Feeds): Promise<Readonly<Record<string, number>>> => {
      const decoder = await openDecoder(
        runtime,
        plainTrace(model.config),
        parameters,
        'logits',
        mostNeeded([options.value]),
      );
      try {
        const answers = await generate(decoder, {
          sources: tokens,
          options: options.value,
          batch: measure.batch,
          signal,
        });
        const scores = measuredRows.map(({ assistant }, index) =>
          scoreOf(
            assistant,
            tokenizer.decode(answers[index]?.[0]?.tokens ?? [], { skipSpecialTokens: true }),
          ),
        );
        return {
          rougeL: mean(scores.map(({ rougeL }) => rougeL)),
          f1: mean(scores.map(({ f1 }) => f1)),
          exact_match: mean(scores.map(({ exact_match: exact }) => exact)),
        };
      } finally {
        await decoder.release();
      }
    };
    return { ok: true, value: measured };
  };
