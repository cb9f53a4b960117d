import { expect, test } from 'vitest';
import { fuzzTokenizer } from './fuzz.ts';
import { goldenModel, goldenTokenizerJson, goldenVocabulary } from './golden-tables.ts';
import { noFiles } from './no-files.ts';

const config = { extra_ids: 4 };

test.each([
  ['bytes.model', { ...noFiles, config, model: goldenModel('bytes') }, 'model', 'sentencepiece'],
  ['suffix.model', { ...noFiles, config, model: goldenModel('suffix') }, 'model', 'sentencepiece'],
  [
    'bytes.model as transformers reads it',
    { ...noFiles, config, model: goldenModel('bytes') },
    'model',
    'transformers',
  ],
  [
    'bytes.tokenizer.json',
    { ...noFiles, config, tokenizer: goldenTokenizerJson('bytes') },
    'tokenizer',
    'transformers',
  ],
  ['vocab.txt', { ...noFiles, vocabulary: goldenVocabulary() }, 'vocabulary', 'transformers'],
] as const)('300 damaged forms of %s are refused or harmless', (_, files, damaged, tokenization) => {
  const { accepted, refused } = fuzzTokenizer(files, damaged, tokenization, 300, 1);
  expect(accepted).toBeGreaterThan(6);
  expect(refused).toBeGreaterThan(3);
});
