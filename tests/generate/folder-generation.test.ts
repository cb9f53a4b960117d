import { expect, test } from 'vitest';
import { parseGenerationConfig, readGenerationConfig } from '../../src/ml/checkpoint/generation-config.ts';
import { folderGeneration } from '../../src/ml/generate/folder-generation.ts';
import type { JsonObject } from '../../src/files/json.ts';
import type { Search } from '../../src/ml/generate/generation-options.ts';
import { messageOf, valueOf } from '../checkpoint/value-of.ts';
import { tinyConfig } from '../model/tiny-model.ts';
import { plainOptions } from './plain-options.ts';

const beam = { kind: 'beam', beams: 4, earlyStopping: true, lengthPenalty: 1, returned: 1 } as const;
const sample = { kind: 'sample', seed: 1, temperature: 0.7, topK: 50, topP: 0.9 } as const;
const requested = (search: Search = beam) => ({ maxLength: 512, noRepeatNgramSize: 3, search });
const generationOf = (json: JsonObject) => valueOf(parseGenerationConfig(json, 'generation_config.json'));

test("settings that the caller leaves open come from the model's folder", () => {
  const folder = generationOf({
    repetition_penalty: 1.3,
    min_length: 7,
    bad_words_ids: [[5], [6, 7]],
    eos_token_id: [1, 9],
    decoder_start_token_id: 2,
    num_beams: 8,
    no_repeat_ngram_size: 2,
    max_length: 20,
  });
  expect(valueOf(folderGeneration(requested(), folder, tinyConfig))).toEqual({
    ...plainOptions,
    ...requested(),
    repetitionPenalty: 1.3,
    minNewTokens: 6,
    badWords: [[5], [6, 7]],
    startTokenId: 2,
    endTokenIds: [1, 9],
  });
});

test('an empty folder: only the requested processors, start and end of config.json', () => {
  expect(valueOf(folderGeneration(requested(), generationOf({}), tinyConfig))).toEqual({
    ...plainOptions,
    ...requested(),
    repetitionPenalty: 1,
    minNewTokens: 0,
    badWords: [],
    startTokenId: 0,
    endTokenIds: [1],
  });
});

test('unsupported fields that change tokens are refused by name, all at once', () => {
  const folder = generationOf({
    diversity_penalty: 0.5,
    guidance_scale: 2,
    renormalize_logits: false,
    encoder_repetition_penalty: 1,
    min_p: null,
  });
  expect(messageOf(folderGeneration(requested(), folder, tinyConfig))).toBe(
    'generation_config.json: diversity_penalty is 0.5, which is not supported: remove the field; ' +
      'guidance_scale is 2, which is not supported: remove the field' +
      ' (a field is overridden by the param `generation` of the stage: { NAME: VALUE }, or null ' +
      'to remove it)',
  );
});

test('forced, suppressed and biased tokens of a folder are applied', () => {
  const folder = generationOf({
    forced_bos_token_id: 4,
    forced_eos_token_id: [1, 9],
    suppress_tokens: [3],
    begin_suppress_tokens: [5, 6],
    encoder_no_repeat_ngram_size: 4,
    exponential_decay_length_penalty: [8, 1.1],
    sequence_bias: [[[7, 8], -2.5]],
    remove_invalid_values: true,
    renormalize_logits: true,
    max_new_tokens: 19,
  });
  expect(valueOf(folderGeneration(requested(), folder, tinyConfig))).toEqual({
    ...plainOptions,
    ...requested(),
    maxLength: 20,
    forcedStart: 4,
    forcedEnd: [1, 9],
    suppressed: [3],
    suppressedAtStart: [5, 6],
    encoderNoRepeatNgramSize: 4,
    exponentialDecay: { start: 8, factor: 1.1 },
    sequenceBias: [{ tokens: [7, 8], bias: -2.5 }],
    removeInvalidValues: true,
    renormalize: true,
  });
});

test("the caller's fields override the folder's; null removes one", () => {
  const folder = generationOf({ max_new_tokens: 20, suppress_tokens: [3], guidance_scale: 2 });
  const overrides = { max_new_tokens: null, suppress_tokens: [4], guidance_scale: null };
  expect(valueOf(folderGeneration(requested(), folder, tinyConfig, overrides))).toMatchObject({
    maxLength: 512,
    suppressed: [4],
  });
  expect(
    messageOf(folderGeneration(requested(), folder, tinyConfig, { supress_tokens: [4], num_beams: 2 })),
  ).toBe(
    "generation.supress_tokens is not a field of transformers' GenerationConfig (4.57.1); " +
      'generation.num_beams is set by the param beams',
  );
});

test('an invalid field of a folder stops a search unless it is overridden', () => {
  const { config } = readGenerationConfig({ suppress_tokens: 'all', sequence_bias: { 'a': 1 } });
  expect(messageOf(folderGeneration(requested(), config, tinyConfig))).toContain(
    'generation_config.json: sequence_bias is {"a":1}: expected a list of pairs [[token ids], ' +
      'number]; suppress_tokens is "all": expected a list of token ids',
  );
  const overrides = { suppress_tokens: null, sequence_bias: [[[2], 1]] };
  expect(folderGeneration(requested(), config, tinyConfig, overrides).ok).toBe(true);
});

test('the repetition penalty of the encoder is refused for beams, some of which it would not reach', () => {
  const folder = generationOf({ encoder_repetition_penalty: 1.5 });
  expect(messageOf(folderGeneration(requested(), folder, tinyConfig))).toContain(
    'encoder_repetition_penalty is 1.5',
  );
  expect(valueOf(folderGeneration(requested(sample), folder, tinyConfig)).encoderRepetitionPenalty).toBe(1.5);
});

test.each([
  [{}, 0],
  [{ bos_token_id: 5 }, 5],
  [{ bos_token_id: 5, decoder_start_token_id: 3 }, 3],
])('%j: a sequence starts with decoder_start_token_id, else with bos_token_id', (json, startTokenId) => {
  expect(valueOf(folderGeneration(requested(), generationOf(json), tinyConfig))).toMatchObject({
    startTokenId,
  });
});

test('tokens that the model does not have are refused where transformers fails at them', () => {
  const folder = generationOf({ sequence_bias: [[[99], 1]], forced_bos_token_id: 23, suppress_tokens: [99] });
  expect(messageOf(folderGeneration(requested(), generationOf({ bos_token_id: 23 }), tinyConfig))).toContain(
    'bos_token_id holds 23: expected token ids below 23',
  );
  expect(messageOf(folderGeneration(requested(), folder, tinyConfig))).toContain(
    'sequence_bias holds 99: expected token ids below 23; forced_bos_token_id holds 23: expected ' +
      'token ids below 23',
  );
});

test.each([
  [{ forced_bos_token_id: 4, suppress_tokens: [3, 4] }, 'forced_bos_token_id is 4'],
  [{ forced_eos_token_id: [1, 9], suppress_tokens: [1, 9] }, 'forced_eos_token_id is 1, 9'],
])('%j: a beam search could not go on, and is refused', (json, message) => {
  const folder = generationOf(json);
  expect(messageOf(folderGeneration(requested(), folder, tinyConfig))).toContain(
    `${message}, which suppress_tokens forbids: remove it from one of them`,
  );
  expect(folderGeneration(requested({ kind: 'greedy' }), folder, tinyConfig).ok).toBe(true);
});

test('one of several forced ends may be suppressed', () => {
  const folder = generationOf({ forced_eos_token_id: [1, 9], suppress_tokens: [9] });
  expect(folderGeneration(requested(), folder, tinyConfig).ok).toBe(true);
});

test.each([
  [{ min_new_tokens: 2, min_length: 9 }, 2],
  [{ min_new_tokens: 0, min_length: 9 }, 0],
  [{ min_new_tokens: 9, min_length: 2 }, 9],
  [{ min_length: 9 }, 8],
  [{ min_length: 0 }, 0],
])('%j: min_new_tokens overrides min_length, as in transformers', (json, minNewTokens) => {
  expect(valueOf(folderGeneration(requested(), generationOf(json), tinyConfig))).toMatchObject({
    minNewTokens,
  });
});

test('sampling options are refused only when sampling', () => {
  const folder = generationOf({ typical_p: 0.9 });
  expect(folderGeneration(requested(), folder, tinyConfig).ok).toBe(true);
  expect(messageOf(folderGeneration(requested(sample), folder, tinyConfig))).toContain('typical_p is 0.9');
});
