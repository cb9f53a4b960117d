import { expect, test } from 'vitest';
import { parseGenerationConfig } from '../../src/ml/checkpoint/generation-config.ts';
import { folderGeneration } from '../../src/ml/generate/folder-generation.ts';
import type { JsonObject } from '../../src/files/json.ts';
import type { Search } from '../../src/ml/generate/generation-options.ts';
import { messageOf, valueOf } from '../checkpoint/value-of.ts';
import { tinyConfig } from '../model/tiny-model.ts';

const beam = { kind: 'beam', beams: 4, earlyStopping: true, lengthPenalty: 1, returned: 1 } as const;
const sample = { kind: 'sample', seed: 1, temperature: 0.7, topK: 50, topP: 0.9 } as const;
const asked = (search: Search = beam) => ({ maxLength: 512, noRepeatNgramSize: 3, search });
const generationOf = (json: JsonObject) => valueOf(parseGenerationConfig(json, 'generation_config.json'));

test('what the caller leaves open is as the folder of the model has it', () => {
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
  expect(valueOf(folderGeneration(asked(), folder, tinyConfig))).toEqual({
    ...asked(),
    repetitionPenalty: 1.3,
    minNewTokens: 6,
    badWords: [[5], [6, 7]],
    startTokenId: 2,
    endTokenIds: [1, 9],
  });
});

test('a folder that says nothing: no processor but those asked for, start and end of config.json', () => {
  expect(valueOf(folderGeneration(asked(), generationOf({}), tinyConfig))).toEqual({
    ...asked(),
    repetitionPenalty: 1,
    minNewTokens: 0,
    badWords: [],
    startTokenId: 0,
    endTokenIds: [1],
  });
});

test('a field that changes the tokens and cannot be done is refused by its name, all of them at once', () => {
  const folder = generationOf({
    forced_bos_token_id: 4,
    suppress_tokens: [3],
    diversity_penalty: 0.5,
    max_new_tokens: 20,
    renormalize_logits: false,
    encoder_repetition_penalty: 1,
    min_p: null,
  });
  expect(messageOf(folderGeneration(asked(), folder, tinyConfig))).toBe(
    'generation_config.json: diversity_penalty is 0.5, which cannot be done here: expected it to be left out; forced_bos_token_id is 4, which cannot be done here: expected it to be left out; ' +
      "suppress_tokens is [3], which cannot be done here: expected it to be left out; max_new_tokens is 20, which transformers puts before the length that it is asked for (512, with the decoder's start): expected it to be left out, or to be 511",
  );
});

test.each([
  [20, false],
  [510, false],
  [511, true],
  [512, false],
  [1000, false],
])(
  'max_new_tokens of %s beside a length of 512, which it overrules in transformers: taken is %s',
  (count, taken) => {
    expect(folderGeneration(asked(), generationOf({ max_new_tokens: count }), tinyConfig).ok).toBe(taken);
  },
);

test.each([
  [{ min_new_tokens: 2, min_length: 9 }, 2],
  [{ min_new_tokens: 0, min_length: 9 }, 0],
  [{ min_new_tokens: 9, min_length: 2 }, 9],
  [{ min_length: 9 }, 8],
  [{ min_length: 0 }, 0],
])('%j: min_new_tokens overrules min_length, as in transformers', (json, minNewTokens) => {
  expect(valueOf(folderGeneration(asked(), generationOf(json), tinyConfig))).toMatchObject({ minNewTokens });
});

test('what counts only where tokens are drawn is refused there alone', () => {
  const folder = generationOf({ typical_p: 0.9 });
  expect(folderGeneration(asked(), folder, tinyConfig).ok).toBe(true);
  expect(messageOf(folderGeneration(asked(sample), folder, tinyConfig))).toContain('typical_p is 0.9');
});
