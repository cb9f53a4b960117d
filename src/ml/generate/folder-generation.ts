import {
  foreignFields,
  foreignSamplingFields,
  type GenerationConfig,
  generationConfigJson,
  isGenerationField,
  readGenerationConfig,
} from '../checkpoint/generation-config.ts';
import type { Mt5Config } from '../checkpoint/mt5-config.ts';
import { type JsonObject, shownJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import type { GenerationOptions } from './generation-options.ts';

/** What the caller of a search sets; everything else comes from the model's folder. */
export type RequestedGeneration = Pick<GenerationOptions, 'maxLength' | 'noRepeatNgramSize' | 'search'>;

/**
 * The generation settings of a model's folder, with `overrides` applied: as `generate` of transformers
 * (4.57.1) takes what its caller leaves open from generation_config.json. `overrides` replace the folder's
 * fields of the same names, like the arguments of `generate`; null removes a field. A setting that changes
 * the result there and is not supported here is an error that names it. Missing start and end tokens come
 * from config.json.
 */
export function folderGeneration(
  requested: RequestedGeneration,
  folder: GenerationConfig,
  model: Mt5Config,
  overrides: JsonObject = {},
): Result<GenerationOptions> {
  const problemsOfOverrides = Object.keys(overrides).flatMap(overrideProblem);
  if (problemsOfOverrides.length > 0) return { ok: false, error: problemsOfOverrides.join('; ') };
  const { config, problems } = readGenerationConfig({ ...generationConfigJson(folder), ...overrides });
  const foreign =
    requested.search.kind === 'sample' ? { ...foreignFields, ...foreignSamplingFields } : foreignFields;
  const all = [
    ...problems,
    ...Object.entries(foreign).flatMap(([name, off]) => {
      const value = config.other[name] ?? null;
      return value === null || value === off
        ? []
        : [`${name} is ${shownJson(value)}, which is not supported: remove the field`];
    }),
    ...tokensPast(config, model.vocabSize),
    ...(requested.search.kind === 'beam' ? forcedAndSuppressed(config) : []),
    ...(requested.search.kind === 'beam' &&
    requested.search.beams > 1 &&
    config.encoderRepetitionPenalty !== 1
      ? [
          `encoder_repetition_penalty is ${config.encoderRepetitionPenalty}, which transformers ` +
            'applies to some beams only: expected 1',
        ]
      : []),
  ];
  if (all.length > 0)
    return { ok: false, error: `generation_config.json: ${all.join('; ')} (${howToOverride})` };
  return {
    ok: true,
    value: {
      ...requested,
      // It counts without the decoder's start, and takes precedence over the caller's length.
      maxLength: config.maxNewTokens === null ? requested.maxLength : config.maxNewTokens + 1,
      // `min_length` counts the decoder's start, and does not count beside `min_new_tokens`.
      minNewTokens: config.minNewTokens ?? Math.max(0, config.minLength - 1),
      repetitionPenalty: config.repetitionPenalty,
      encoderNoRepeatNgramSize: config.encoderNoRepeatNgramSize,
      encoderRepetitionPenalty: config.encoderRepetitionPenalty,
      badWords: config.badWordsIds,
      sequenceBias: config.sequenceBias,
      forcedStart: config.forcedBosTokenId,
      forcedEnd: config.forcedEosTokenIds,
      suppressed: config.suppressTokens,
      suppressedAtStart: config.beginSuppressTokens,
      exponentialDecay: config.exponentialDecay,
      removeInvalidValues: config.removeInvalidValues,
      renormalize: config.renormalizeLogits,
      startTokenId: config.decoderStartTokenId ?? config.bosTokenId ?? model.decoderStartTokenId,
      endTokenIds: config.eosTokenIds.length === 0 ? model.eosTokenIds : config.eosTokenIds,
    },
  };
}

const howToOverride =
  'a field is overridden by the param `generation` of the stage: { NAME: VALUE }, or null to remove it';

/** Fields of generation that have a param of their own in the stages that generate. */
const ownParams: Readonly<Record<string, string>> = {
  do_sample: 'the stage',
  early_stopping: 'earlyStopping',
  length_penalty: 'lengthPenalty',
  max_length: 'maxLength',
  no_repeat_ngram_size: 'noRepeatNgram',
  num_beams: 'beams',
  num_return_sequences: 'the stage',
  temperature: 'temperatures',
  top_k: 'topK',
  top_p: 'topP',
};

function overrideProblem(name: string): readonly string[] {
  const own = ownParams[name];
  if (own !== undefined)
    return [`generation.${name} is set by ${own === 'the stage' ? own : `the param ${own}`}`];
  return isGenerationField(name)
    ? []
    : [`generation.${name} is not a field of transformers' GenerationConfig (4.57.1)`];
}

/** Tokens that the model does not have, in fields where transformers fails at them. */
const tokensPast = (config: GenerationConfig, size: number): readonly string[] => {
  const { bosTokenId, decoderStartTokenId, sequenceBias } = config;
  const named: readonly NamedTokens[] = [
    ['bos_token_id', decoderStartTokenId === null && bosTokenId !== null ? [bosTokenId] : []],
    ['sequence_bias', sequenceBias.flatMap(({ tokens }) => tokens)],
    ...forcedTokens(config),
  ];
  return named.flatMap(([name, ids]) =>
    ids
      .filter((id) => id >= size)
      .slice(0, 1)
      .map((id) => `${name} holds ${id}: expected token ids below ${size}`),
  );
};

/** No beam can go on where all forced tokens are suppressed, and transformers then returns any tokens. */
const forcedAndSuppressed = (config: GenerationConfig): readonly string[] =>
  forcedTokens(config).flatMap(([name, ids]) =>
    ids.length > 0 && ids.every((id) => config.suppressTokens.includes(id))
      ? [`${name} is ${ids.join(', ')}, which suppress_tokens forbids: remove it from one of them`]
      : [],
  );

type NamedTokens = readonly [field: string, ids: readonly number[]];

const forcedTokens = ({ forcedBosTokenId, forcedEosTokenIds }: GenerationConfig): readonly NamedTokens[] => [
  ['forced_bos_token_id', forcedBosTokenId === null ? [] : [forcedBosTokenId]],
  ['forced_eos_token_id', forcedEosTokenIds],
];
