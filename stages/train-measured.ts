import { tokenizeSources } from '../src/ml/dataset/tokenize-rows.ts';
import { openDecoder } from '../src/ml/generate/decoder.ts';
import { folderGeneration } from '../src/ml/generate/folder-generation.ts';
import { generate } from '../src/ml/generate/generate.ts';
import { mean } from '../src/ml/metrics/mean.ts';
import { multilingualProfile } from '../src/ml/metrics/profile.ts';
import { mixedTokens } from '../src/ml/metrics/tokenize.ts';
import { plainTrace } from '../src/ml/model/mt5-trace.ts';
import type { Feeds } from '../src/ml/model/packed-rows.ts';
import { defineStage } from '../src/stage/define-stage.ts';
import { type MeasureFor, runTraining, type TrainDep, type TrainOut } from './train/run-training.ts';
import { trainParamsSchema, type TrainParams } from './train/train-params.ts';

interface MeasuredTrainParams extends TrainParams {
  /** Held-out questions that are answered at every evaluation, greedily. */
  readonly measure: { readonly rows: number; readonly maxLength: number; readonly batch: number };
}

/**
 * `train`, and at every evaluation the scores of a few generated answers beside the loss. A stage of its own, so that
 * editing a metric or a search trains nothing again that is not measured by it.
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
  deps: ['base', 'train', 'adapter?'],
  outs: ['model', 'log', 'summary', 'validation?'],
  packages: ['onnxruntime-node'],
  run: (context) => runTraining(context, answersOf(context.params, context.signal)),
});

const answersOf =
  ({ measure, ...params }: MeasuredTrainParams, signal: AbortSignal): MeasureFor =>
  ({ model, tokenizer, runtime, rows }) => {
    const options = folderGeneration(
      { maxLength: measure.maxLength, noRepeatNgramSize: 0, search: { kind: 'greedy' } },
      model.generation,
      model.config,
    );
    if (!options.ok) return options;
    const asked = rows.slice(0, measure.rows);
    const { tokens } = tokenizeSources(
      asked.map(({ human }) => human),
      tokenizer,
      params,
    );
    const scoreOf = multilingualProfile(mixedTokens);
    const measured = async (parameters: Feeds): Promise<Readonly<Record<string, number>>> => {
      const decoder = await openDecoder(runtime, plainTrace(model.config), parameters, 'logits');
      try {
        const answers = await generate(decoder, {
          sources: tokens,
          options: options.value,
          batch: measure.batch,
          signal,
        });
        const scores = asked.map(({ assistant }, index) =>
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
