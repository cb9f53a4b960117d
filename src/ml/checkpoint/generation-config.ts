import type { FileProblem } from '../../files/file-problem.ts';
import { isJsonList, type Json, type JsonObject } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { configFields } from './config-fields.ts';

/** How a model generates unless told otherwise. Fields and defaults as in transformers' GenerationConfig (4.57.1). */
export interface GenerationConfig {
  /** With the decoder's start, in tokens; `maxNewTokens` counts without it and goes before. */
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
  readonly badWordsIds: readonly (readonly number[])[];
  readonly doSample: boolean;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly padTokenId: number | null;
  /** Any of these ends a sequence. */
  readonly eosTokenIds: readonly number[];
  readonly decoderStartTokenId: number | null;
  /** What else the file holds: kept, and written again. */
  readonly other: JsonObject;
}

/** A generation_config.json; or the config.json of a model that has none, from which transformers then takes the same fields. */
export function parseGenerationConfig(json: JsonObject, path: string): Result<GenerationConfig, FileProblem> {
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
    badWordsIds: fields.value<readonly (readonly number[])[]>(
      'bad_words_ids',
      [],
      'a list of lists of token ids',
      wordsOfIds,
    ),
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
    other: fields.others(['transformers_version']),
  };
  const problems = fields.problems();
  return problems.length === 0
    ? { ok: true, value: config }
    : { ok: false, error: { path, message: problems.join('\n') } };
}

/** The fields of generation_config.json: as transformers saves them, only those that are not at their defaults. */
export function generationConfigJson(config: GenerationConfig): JsonObject {
  const [eos] = config.eosTokenIds;
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
    bad_words_ids: config.badWordsIds.length === 0 ? null : config.badWordsIds,
    do_sample: config.doSample,
    temperature: config.temperature,
    top_k: config.topK,
    top_p: config.topP,
    pad_token_id: config.padTokenId,
    eos_token_id: config.eosTokenIds.length > 1 ? config.eosTokenIds : (eos ?? null),
    decoder_start_token_id: config.decoderStartTokenId,
  };
  const usual: JsonObject = defaults;
  const set = Object.entries(fields).filter(([name, value]) => value !== null && value !== usual[name]);
  return { ...config.other, ...Object.fromEntries(set), transformers_version: '4.57.1' };
}

/** The fields that Python holds as floats. */
export const generationConfigFloats: readonly string[] = [
  'length_penalty',
  'repetition_penalty',
  'temperature',
  'top_p',
];

/** Further fields of transformers' GenerationConfig that change the tokens, each with the value that switches it off; null does so too. */
export const foreignFields: JsonObject = {
  assistant_early_exit: null,
  begin_suppress_tokens: null,
  constraints: null,
  diversity_penalty: 0,
  dola_layers: null,
  encoder_no_repeat_ngram_size: 0,
  encoder_repetition_penalty: 1,
  exponential_decay_length_penalty: null,
  force_words_ids: null,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  guidance_scale: 1,
  max_time: null,
  num_beam_groups: 1,
  penalty_alpha: 0,
  prompt_lookup_num_tokens: null,
  remove_invalid_values: false,
  renormalize_logits: false,
  sequence_bias: null,
  stop_strings: null,
  suppress_tokens: null,
  token_healing: false,
  watermarking_config: null,
};

/** Those that count only where tokens are drawn. */
export const foreignSamplingFields: JsonObject = {
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  min_p: null,
  typical_p: 1,
};

const defaults = {
  max_length: 20,
  min_length: 0,
  num_beams: 1,
  num_return_sequences: 1,
  early_stopping: false,
  length_penalty: 1,
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
} as const;

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

const isTokenId = (id: Json): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0;
