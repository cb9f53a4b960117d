import { isJsonObject } from '../files/json.ts';
import type { Search } from '../ml/generate/generation-options.ts';
import type { Result } from '../result.ts';
import type { EvaluationOfModel, ModelPlace } from '../runner/answers/models.ts';
import type { GenerationParams } from '../../stages/answers/generation-params.ts';
import type { Value } from '../stage/context.ts';

/** What the command line sets in the place of the evaluation's settings. */
export interface AskOverrides {
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly maxLength?: number;
  readonly noRepeatNgram?: number;
  /** Draws answers instead of searching for the best one. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly seed?: number;
}

/** One answer for each search; `name` identifies it, if there are several. */
interface AskSettings {
  readonly params: GenerationParams;
  readonly searches: readonly { readonly name: string; readonly search: Search }[];
}

/**
 * The settings of an evaluation, under those of the command line. The prompt is the one that the model was
 * trained with.
 */
export function askSettings(
  model: Pick<ModelPlace, 'params'>,
  { instance, params }: Pick<EvaluationOfModel, 'instance' | 'params'>,
  overrides: AskOverrides,
): Result<AskSettings> {
  const samplingOnly = ['topK', 'topP', 'seed'] as const;
  const temperatures =
    overrides.temperature === undefined ? numbersIn(params['temperatures']) : [overrides.temperature];
  const isSampling = temperatures.length > 0 && overrides.beams === undefined;
  const misplaced = isSampling
    ? overrides.lengthPenalty === undefined
      ? []
      : ['--length-penalty']
    : samplingOnly.flatMap((name) => (overrides[name] === undefined ? [] : [flags[name]]));
  if (misplaced.length > 0)
    return {
      ok: false,
      error: isSampling
        ? `${misplaced.join(', ')} applies to beam search only: set --beams`
        : `${misplaced.join(', ')} applies to sampled answers only: set --temperature`,
    };
  if (overrides.temperature !== undefined && overrides.beams !== undefined)
    return {
      ok: false,
      error: '--temperature samples answers and --beams uses beam search: set only one of them',
    };
  const runtime = params['runtime'] ?? 'onnx';
  if (runtime !== 'onnx')
    return {
      ok: false,
      error:
        `${instance} computes with ${JSON.stringify(runtime)}, but only onnx answers questions: ` +
        'set its param "runtime" to onnx and evaluate the model again',
    };
  const generation = params['generation'] ?? {};
  return {
    ok: true,
    value: {
      params: {
        prompt: textIn(model.params['prompt']) ?? textIn(params['prompt']) ?? '{human}',
        sourceTokens: numberIn(params['sourceTokens']) ?? 512,
        maxLength: overrides.maxLength ?? numberIn(params['maxLength']) ?? 512,
        noRepeatNgram: overrides.noRepeatNgram ?? numberIn(params['noRepeatNgram']) ?? 0,
        ...(isJsonObject(generation) ? { generation } : {}),
        batch: numberIn(params['batch']) ?? 1,
        tokenization: params['tokenization'] === 'transformers' ? 'transformers' : 'sentencepiece',
        runtime,
      },
      searches: isSampling
        ? temperatures.map((temperature) => ({
            name: `temperature ${temperature}`,
            search: {
              kind: 'sample',
              seed: overrides.seed ?? numberIn(params['seed']) ?? 0,
              temperature,
              topK: overrides.topK ?? numberIn(params['topK']) ?? 0,
              topP: overrides.topP ?? numberIn(params['topP']) ?? 1,
            },
          }))
        : [
            {
              name: 'beam search',
              search: {
                kind: 'beam',
                beams: overrides.beams ?? numberIn(params['beams']) ?? 1,
                earlyStopping: earlyStoppingIn(params['earlyStopping']),
                lengthPenalty: overrides.lengthPenalty ?? numberIn(params['lengthPenalty']) ?? 1,
                returned: 1,
              },
            },
          ],
    },
  };
}

const flags = { topK: '--top-k', topP: '--top-p', seed: '--seed' } as const;

const numberIn = (value: Value | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;
const textIn = (value: Value | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;
const numbersIn = (value: Value | undefined): readonly number[] =>
  Array.isArray(value) ? value.filter((member) => typeof member === 'number') : [];
const earlyStoppingIn = (value: Value | undefined): boolean | 'never' =>
  value === 'never' || typeof value === 'boolean' ? value : false;
