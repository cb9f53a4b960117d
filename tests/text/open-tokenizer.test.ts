import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTokenizer } from '../../src/ml/text/open-tokenizer.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { messageOf, valueOf } from '../checkpoint/value-of.ts';
import { goldenModel, goldenTokenizerJson, goldenVocabulary } from './golden-tables.ts';
import { modelBytes } from './model-bytes.ts';

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const sentencepiece = { tokenization: 'sentencepiece' } as const;
const transformers = { tokenization: 'transformers' } as const;
const t5 = {
  'spiece.model': goldenModel('bytes'),
  'tokenizer_config.json': '{"tokenizer_class": "T5Tokenizer", "extra_ids": 4}',
};

test('an mT5 folder: bytes for unknown characters, or <unk>, as requested', async () => {
  const folder = await folderWith(t5);
  const slow = valueOf(await openTokenizer(folder, sentencepiece));
  const fast = valueOf(await openTokenizer(folder, transformers));
  expect(slow.decode(slow.encode('龘'), { skipSpecialTokens: true })).toBe('龘');
  expect(fast.encode('龘')).toContain(fast.special.unknown);
  expect(slow.special).toEqual(fast.special);
});

test('an end token outside the model closes a text with its added id', async () => {
  const model = modelBytes({
    pieces: [
      ['[UNK]', 0, 2],
      ['[END]', 0, 3],
      ['\u2581a', -1, 1],
    ],
  });
  const folder = await folderWith({ ...t5, 'spiece.model': model });
  for (const asked of [sentencepiece, transformers]) {
    const tokenizer = valueOf(await openTokenizer(folder, asked));
    // After three pieces and four sentinels.
    expect([tokenizer.encode('a'), tokenizer.special.end]).toEqual([[2, 3 + 4], 3 + 4]);
  }
});

test('tokenizer.json is enough for "transformers", not for "sentencepiece"', async () => {
  const folder = await folderWith({
    'tokenizer.json': JSON.stringify(goldenTokenizerJson('bytes')),
    'tokenizer_config.json': t5['tokenizer_config.json'],
  });
  expect((await openTokenizer(folder, transformers)).ok).toBe(true);
  expect(messageOf(await openTokenizer(folder, sentencepiece))).toBe(
    `${folder}: it has no spiece.model, which tokenization "sentencepiece" needs; tokenization ` +
      '"transformers" needs only tokenizer.json',
  );
});

test('a BERT folder has one tokenizer, whatever is requested', async () => {
  const folder = await folderWith({
    'vocab.txt': goldenVocabulary(),
    'tokenizer_config.json': '{"do_lower_case": true}',
    'tokenizer.json': '{"model": {"type": "WordPiece"}}',
  });
  const both = [
    valueOf(await openTokenizer(folder, transformers)),
    valueOf(await openTokenizer(folder, sentencepiece)),
  ];
  expect(both.map((tokenizer) => tokenizer.encode('The FEVER'))).toEqual([
    both[0]?.encode('the fever'),
    both[0]?.encode('the fever'),
  ]);
});

test('special tokens of special_tokens_map.json count where tokenizer_config.json lists none', async () => {
  const map = { 'special_tokens_map.json': '{"pad_token": "<gap>"}' };
  const listing = '{"extra_ids": 4, "added_tokens_decoder": {"0": {"content": "<pad>", "special": true}}}';
  const padOf = async (files: Readonly<Record<string, string | Uint8Array>>) =>
    valueOf(await openTokenizer(await folderWith({ ...t5, ...map, ...files }), transformers)).special.pad;
  expect([await padOf({}), await padOf({ 'tokenizer_config.json': listing })]).toEqual([4, 0]);
});

test.each([
  [
    'nothing',
    {},
    'it has no tokenizer: expected spiece.model or tokenizer.json (T5, mT5), or vocab.txt (BERT)',
  ],
  [
    'another class',
    { ...t5, 'tokenizer_config.json': '{"tokenizer_class": "XLNetTokenizer"}' },
    'its tokenizer_class is XLNetTokenizer: expected T5Tokenizer',
  ],
  ['a damaged model', { 'spiece.model': 'no' }, 'spiece.model: not a sentencepiece model, or a damaged one'],
  [
    'a configuration with wrong types',
    { ...t5, 'tokenizer_config.json': '{"extra_ids": -1, "legacy": "yes", "eos_token": 7}' },
    'extra_ids is -1: expected an integer from 0 to 100000',
  ],
  [
    'special tokens with names of their own',
    { ...t5, 'tokenizer_config.json': '{"extra_special_tokens": {"image_token": "<image>"}}' },
    'extra_special_tokens is {"image_token":"<image>"}, which is not supported: expected a list, or no tokens',
  ],
  [
    'sentinels that do not agree',
    { ...t5, 'tokenizer_config.json': '{"extra_ids": 4, "additional_special_tokens": ["<extra_id_0>"]}' },
    'extra_ids is 4, and additional_special_tokens has 1 with "<extra_id_"',
  ],
  [
    'a tokenizer.json of another model',
    { 'tokenizer.json': '{"model": {"type": "BPE", "vocab": {}}}' },
    'tokenizer.json: not a tokenizer.json of a Unigram model: its model is of type "BPE"',
  ],
  [
    'a normalizer that would let texts explode',
    {
      'tokenizer.json': JSON.stringify({
        ...Object(goldenTokenizerJson('bytes')),
        normalizer: {
          type: 'Sequence',
          normalizers: Array.from({ length: 20 }, () => ({
            type: 'Replace',
            pattern: { String: 'a' },
            content: 'aa',
          })),
        },
      }),
    },
    'its normalizer could make a text 1048576 times as long',
  ],
  [
    'a pattern that a text could make slow',
    {
      'tokenizer.json': JSON.stringify({
        ...Object(goldenTokenizerJson('bytes')),
        normalizer: { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' },
      }),
    },
    'expected a string, or one character with a quantifier',
  ],
  [
    'a vocabulary without [CLS]',
    { 'vocab.txt': '[PAD]\n[UNK]\n[SEP]\na\n' },
    'vocab.txt has no line "[CLS]"',
  ],
  ['a vocabulary that is not UTF-8', { 'vocab.txt': Buffer.of(0xff, 0x0a) }, 'vocab.txt is not UTF-8'],
])('%s: reported, with the folder', async (_, files, message) => {
  const folder = await folderWith(files);
  const error = messageOf(await openTokenizer(folder, transformers));
  expect(error).toContain(folder);
  expect(error).toContain(message);
});

test('invalid JSON is located', async () => {
  const folder = await folderWith({ ...t5, 'tokenizer_config.json': '{\n  "extra_ids": }' });
  expect(messageOf(await openTokenizer(folder, transformers))).toContain(
    `${join(folder, 'tokenizer_config.json')}:2:`,
  );
});

test('an unreadable file is named', async () => {
  const folder = await folderWith(t5);
  await mkdir(join(folder, 'tokenizer.json'));
  expect(messageOf(await openTokenizer(folder, transformers))).toBe(
    `${join(folder, 'tokenizer.json')}: is a folder where a file was expected`,
  );
});

test('a setting that changes tokenization is refused by name, and ignored at its default', async () => {
  const folder = await folderWith({
    ...t5,
    'tokenizer_config.json':
      '{"extra_ids": 4, "truncation_side": "left", "sp_model_kwargs": {"enable_sampling": true}, ' +
      '"padding_side": "right"}',
  });
  expect(messageOf(await openTokenizer(folder, transformers))).toBe(
    `${folder}: sp_model_kwargs is {"enable_sampling":true}, which is not supported: expected ` +
      '{}; truncation_side is "left", which is not supported: expected "right"',
  );
  const usual = await folderWith({
    'vocab.txt': goldenVocabulary(),
    'tokenizer_config.json':
      '{"never_split": null, "do_basic_tokenize": true, "split_special_tokens": false, ' +
      '"sp_model_kwargs": {}}',
  });
  expect((await openTokenizer(usual, transformers)).ok).toBe(true);
  const split = await folderWith({
    'vocab.txt': goldenVocabulary(),
    'tokenizer_config.json': '{"never_split": ["COVID-19"]}',
  });
  expect(messageOf(await openTokenizer(split, transformers))).toContain('never_split is ["COVID-19"]');
});
