import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonList, type Json, type JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { configFields } from './config-fields.ts';

/** How a model generates by default. Fields and defaults as in transformers' GenerationConfig (4.57.1). */
export interface GenerationConfig {
  /** With the decoder's start, in tokens; `maxNewTokens` counts without it and takes precedence. */
  readonly maxLength: number;
  readonly maxNewTokens: number | null;
  readonly minLength: number;
  readonly minNewTokens: number | null;
  readonly numBeams: number;
  readonly numReturnSequences: number;
  readonly earlyStopping: boolean | 'never';
  readonly lengthPenalty: number;
  readonly repetitionPenalty: number;
  readonly noRepeatNgramSize: number;
  readonly encoderNoRepeatNgramSize: number;
  readonly encoderRepetitionPenalty: number;
  readonly badWordsIds: readonly (readonly number[])[];
  readonly sequenceBias: readonly SequenceBias[];
  readonly forcedBosTokenId: number | null;
  readonly forcedEosTokenIds: readonly number[];
  readonly suppressTokens: readonly number[];
  readonly beginSuppressTokens: readonly number[];
  readonly exponentialDecay: ExponentialDecay | null;
  readonly removeInvalidValues: boolean;
  readonly renormalizeLogits: boolean;
  readonly doSample: boolean;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly padTokenId: number | null;
  /** Any of these ends a sequence. */
  readonly eosTokenIds: readonly number[];
  readonly decoderStartTokenId: number | null;
  /** Starts a sequence where there is no `decoderStartTokenId`. */
  readonly bosTokenId: number | null;
  /** What else the file holds, and fields of which the value is not understood: kept, and written again. */
  readonly other: JsonObject;
}

/** Added to the score of the last of these tokens if the others precede it. */
export interface SequenceBias {
  readonly tokens: readonly number[];
  readonly bias: number;
}

/** From `start` generated tokens on, the end becomes more likely by `factor` with each token. */
export interface ExponentialDecay {
  readonly start: number;
  readonly factor: number;
}

/** A generation_config.json in which every field is understood; the error has one line for each problem. */
export function parseGenerationConfig(json: JsonObject, path: string): Result<GenerationConfig, FileProblem> {
  const { config, problems } = readGenerationConfig(json);
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
}

/**
 * A generation_config.json; or the config.json of a model that has none, from which transformers then takes
 * the same fields. A value that is not understood is a problem, is kept in `other`, and its field is at its
 * default.
 */
export function readGenerationConfig(json: JsonObject): {
  readonly config: GenerationConfig;
  readonly problems: readonly string[];
} {
  const fields = configFields(json);
  const anyCount = { least: 0, most: 2 ** 31 - 1 };
  const anyNumber = { least: 0, most: Number.MAX_VALUE };
  const optional = (name: string, least: number): number | null =>
    fields.value<number | null>(name, null, `an integer from ${least}`, (found) =>
      typeof found === 'number' && Number.isInteger(found) && found >= least ? found : undefined,
    );
  const config: GenerationConfig = {
    maxLength: fields.integer('max_length', defaults.max_length),
    maxNewTokens: optional('max_new_tokens', 1),
    minLength: fields.integer('min_length', defaults.min_length, anyCount),
    minNewTokens: optional('min_new_tokens', 0),
    numBeams: fields.integer('num_beams', defaults.num_beams),
    numReturnSequences: fields.integer('num_return_sequences', defaults.num_return_sequences),
    earlyStopping: fields.value<boolean | 'never'>(
      'early_stopping',
      defaults.early_stopping,
      'true, false or "never"',
      (found) => (typeof found === 'boolean' || found === 'never' ? found : undefined),
    ),
    lengthPenalty: fields.number('length_penalty', defaults.length_penalty, {
      least: -Number.MAX_VALUE,
      most: Number.MAX_VALUE,
    }),
    repetitionPenalty: fields.number('repetition_penalty', defaults.repetition_penalty, anyNumber),
    noRepeatNgramSize: fields.integer('no_repeat_ngram_size', defaults.no_repeat_ngram_size, anyCount),
    encoderNoRepeatNgramSize: fields.integer('encoder_no_repeat_ngram_size', 0, anyCount),
    encoderRepetitionPenalty: fields.number('encoder_repetition_penalty', 1, anyNumber),
    badWordsIds: fields.value<readonly (readonly number[])[]>(
      'bad_words_ids',
      [],
      'a list of lists of token ids',
      wordsOfIds,
    ),
    sequenceBias: fields.value<readonly SequenceBias[]>(
      'sequence_bias',
      [],
      'a list of pairs [[token ids], number]',
      sequenceBiases,
    ),
    forcedBosTokenId: optional('forced_bos_token_id', 0),
    forcedEosTokenIds: fields.value<readonly number[]>(
      'forced_eos_token_id',
      [],
      'a token id, or a list of them',
      tokenIds,
    ),
    suppressTokens: fields.value<readonly number[]>('suppress_tokens', [], 'a list of token ids', idList),
    beginSuppressTokens: fields.value<readonly number[]>(
      'begin_suppress_tokens',
      [],
      'a list of token ids',
      idList,
    ),
    exponentialDecay: fields.value<ExponentialDecay | null>(
      'exponential_decay_length_penalty',
      null,
      'a pair of a count of tokens and a factor',
      decayOf,
    ),
    removeInvalidValues: fields.boolean('remove_invalid_values', false),
    renormalizeLogits: fields.boolean('renormalize_logits', false),
    doSample: fields.boolean('do_sample', defaults.do_sample),
    temperature: fields.number('temperature', defaults.temperature, anyNumber),
    topK: fields.integer('top_k', defaults.top_k, anyCount),
    topP: fields.number('top_p', defaults.top_p, { least: 0, most: 1 }),
    padTokenId: optional('pad_token_id', 0),
    eosTokenIds: fields.value<readonly number[]>(
      'eos_token_id',
      [],
      'a token id, or a list of them',
      tokenIds,
    ),
    decoderStartTokenId: optional('decoder_start_token_id', 0),
    bosTokenId: optional('bos_token_id', 0),
    other: { ...fields.others(['transformers_version']), ...fields.refused() },
  };
  return { config, problems: fields.problems() };
}

/**
 * The fields of generation_config.json: as transformers saves them, only those that are not at their
 * defaults.
 */
export function generationConfigJson(config: GenerationConfig): JsonObject {
  const fields: JsonObject = {
    max_length: config.maxLength,
    max_new_tokens: config.maxNewTokens,
    min_length: config.minLength,
    min_new_tokens: config.minNewTokens,
    num_beams: config.numBeams,
    num_return_sequences: config.numReturnSequences,
    early_stopping: config.earlyStopping,
    length_penalty: config.lengthPenalty,
    repetition_penalty: config.repetitionPenalty,
    no_repeat_ngram_size: config.noRepeatNgramSize,
    encoder_no_repeat_ngram_size: config.encoderNoRepeatNgramSize,
    encoder_repetition_penalty: config.encoderRepetitionPenalty,
    bad_words_ids: unlessEmpty(config.badWordsIds),
    sequence_bias: unlessEmpty(config.sequenceBias.map(({ tokens, bias }) => [tokens, bias])),
    forced_bos_token_id: config.forcedBosTokenId,
    forced_eos_token_id: oneOrList(config.forcedEosTokenIds),
    suppress_tokens: unlessEmpty(config.suppressTokens),
    begin_suppress_tokens: unlessEmpty(config.beginSuppressTokens),
    exponential_decay_length_penalty:
      config.exponentialDecay === null
        ? null
        : [config.exponentialDecay.start, config.exponentialDecay.factor],
    remove_invalid_values: config.removeInvalidValues,
    renormalize_logits: config.renormalizeLogits,
    do_sample: config.doSample,
    temperature: config.temperature,
    top_k: config.topK,
    top_p: config.topP,
    pad_token_id: config.padTokenId,
    eos_token_id: oneOrList(config.eosTokenIds),
    decoder_start_token_id: config.decoderStartTokenId,
    bos_token_id: config.bosTokenId,
  };
  const neutral: JsonObject = defaults;
  const set = Object.entries(fields).filter(([name, value]) => value !== null && value !== neutral[name]);
  return { ...config.other, ...Object.fromEntries(set), transformers_version: '4.57.1' };
}

const unlessEmpty = <T extends Json>(list: readonly T[]): readonly T[] | null =>
  list.length === 0 ? null : list;

const oneOrList = ([first, ...rest]: readonly number[]): Json =>
  first === undefined ? null : rest.length === 0 ? first : [first, ...rest];

/** The fields that Python holds as floats. */
export const generationConfigFloats: readonly string[] = [
  'encoder_repetition_penalty',
  'length_penalty',
  'repetition_penalty',
  'temperature',
  'top_p',
];

/**
 * Further fields of transformers' GenerationConfig that change the tokens, each with the value that switches
 * it off; null does so too.
 */
export const foreignFields: JsonObject = {
  assistant_early_exit: null,
  constraints: null,
  diversity_penalty: 0,
  dola_layers: null,
  force_words_ids: null,
  guidance_scale: 1,
  max_time: null,
  num_beam_groups: 1,
  penalty_alpha: 0,
  prompt_lookup_num_tokens: null,
  stop_strings: null,
  token_healing: false,
  watermarking_config: null,
};

/** Those that count only where tokens are drawn. */
export const foreignSamplingFields: JsonObject = {
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  min_p: null,
  top_h: null,
  typical_p: 1,
};

/** Whether transformers acts on a field that is not implemented here. */
export const isForeignField = (name: string): boolean =>
  Object.hasOwn(foreignFields, name) || Object.hasOwn(foreignSamplingFields, name);

const defaults = {
  max_length: 20,
  min_length: 0,
  num_beams: 1,
  num_return_sequences: 1,
  early_stopping: false,
  length_penalty: 1,
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  encoder_repetition_penalty: 1,
  remove_invalid_values: false,
  renormalize_logits: false,
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
} as const;

/** Whether a caller, a folder or a config.json may set a field: those of transformers' GenerationConfig. */
export const isGenerationField = (name: string): boolean =>
  otherFields.includes(name) ||
  [defaults, foreignFields, foreignSamplingFields].some((fields) => Object.hasOwn(fields, name));

/** Those without a default. */
const otherFields: readonly string[] = [
  'bad_words_ids',
  'begin_suppress_tokens',
  'bos_token_id',
  'decoder_start_token_id',
  'eos_token_id',
  'exponential_decay_length_penalty',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'max_new_tokens',
  'min_new_tokens',
  'pad_token_id',
  'sequence_bias',
  'suppress_tokens',
];

function tokenIds(found: Json): readonly number[] | undefined {
  const ids: readonly Json[] = Array.isArray(found) ? found : [found];
  return ids.every(isTokenId) ? ids : undefined;
}

function wordsOfIds(found: Json): readonly (readonly number[])[] | undefined {
  if (!isJsonList(found)) return undefined;
  const words = found.flatMap((word) =>
    isJsonList(word) && word.length > 0 && word.every(isTokenId) ? [word] : [],
  );
  return words.length === found.length ? words : undefined;
}

const idList = (found: Json): readonly number[] | undefined =>
  isJsonList(found) ? tokenIds(found) : undefined;

function sequenceBiases(found: Json): readonly SequenceBias[] | undefined {
  if (!isJsonList(found)) return undefined;
  const biases = found.flatMap((pair) => {
    const [tokens, bias, ...more] = isJsonList(pair) ? pair : [];
    const [word] = wordsOfIds([tokens ?? null]) ?? [];
    return word !== undefined && typeof bias === 'number' && more.length === 0
      ? [{ tokens: word, bias }]
      : [];
  });
  return biases.length === found.length ? biases : undefined;
}

function decayOf(found: Json): ExponentialDecay | undefined {
  const [start, factor, ...more] = isJsonList(found) ? found : [];
  return typeof start === 'number' &&
    Number.isInteger(start) &&
    typeof factor === 'number' &&
    more.length === 0
    ? { start, factor }
    : undefined;
}

const isTokenId = (id: Json): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0;
