import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isJsonObject, type JsonObject } from '../../src/files/json.ts';
import { convertedTokenizer } from '../../src/ml/text/converted-tokenizer.ts';
import { makeTokenizer } from '../../src/ml/text/make-tokenizer.ts';
import { readModelProto } from '../../src/ml/text/sentencepiece/model-proto.ts';
import { t5TokenizerJson } from '../../src/ml/text/transformers/t5-tokenizer-json.ts';
import { readTokenizerConfig } from '../../src/ml/text/transformers/tokenizer-config.ts';
import { messageOf, valueOf } from '../checkpoint/value-of.ts';
import { goldenModel, goldenTables, goldenTokenizerJson } from './golden-tables.ts';
import { noFiles } from './no-files.ts';

const sentinels = goldenTables().t5['sentinels'];
if (sentinels === undefined) throw new Error('no table of sentinels');
const { config, sentencepiece, transformers } = sentinels;

function converted(): JsonObject {
  const json = valueOf(
    t5TokenizerJson(
      valueOf(readModelProto(goldenModel('bytes'))),
      valueOf(readTokenizerConfig({ ...noFiles, config })),
    ),
  );
  return isJsonObject(json) ? json : {};
}

describe('the tokenizer.json made from a sentencepiece model', () => {
  test("equals T5TokenizerFast's except for byte fallback", () => {
    const own = goldenTokenizerJson('bytes');
    if (!isJsonObject(own) || !isJsonObject(own['model'] ?? null)) throw new Error('no tokenizer.json');
    expect(converted()).toEqual({
      ...own,
      truncation: null, // the table's script had cut a text before it saved the file
      decoder: { type: 'Sequence', decoders: [{ type: 'ByteFallback' }, own['decoder']] },
      model: { ...Object(own['model']), byte_fallback: true },
    });
  });

  test("gives its ids where no byte is needed, and sentencepiece's bytes otherwise", () => {
    const tokenizer = valueOf(makeTokenizer({ ...noFiles, tokenizer: converted(), config }, 'transformers'));
    const unknown = tokenizer.special.unknown;
    const covered = transformers.rows.filter(({ text, ids }) => !ids.includes(unknown) || text === '<unk>');
    expect(covered.map(({ text }) => tokenizer.encode(text))).toEqual(covered.map(({ ids }) => ids));
    const bytes = sentencepiece.rows.filter(({ text }) => /^(?:疒疼|zzz|한국어|\u{10ffff})$/u.test(text));
    expect(bytes.map(({ text }) => tokenizer.encode(text))).toEqual(bytes.map(({ ids }) => ids));
    expect(bytes.map(({ ids }) => tokenizer.decode(ids, { skipSpecialTokens: true }))).toEqual(
      bytes.map(({ text }) => text),
    );
    expect(bytes.length).toBeGreaterThan(2);
  });

  test('is made only where a folder has a model and no tokenizer.json', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
    expect(await convertedTokenizer(folder)).toBeUndefined();
    await writeFile(join(folder, 'spiece.model'), goldenModel('bytes'));
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    expect(JSON.parse((await convertedTokenizer(folder)) ?? '')).toEqual(converted());
    await writeFile(join(folder, 'tokenizer.json'), '{}');
    expect(await convertedTokenizer(folder)).toBeUndefined();
  });
});

describe('folders with other conventions of transformers', () => {
  const model = goldenModel('bytes');
  const other = { ...converted(), pre_tokenizer: null };

  test('add_prefix_space converts spiece.model again, whatever tokenizer.json contains', () => {
    for (const space of [true, false]) {
      const settings = { ...Object(config), add_prefix_space: space };
      const both = valueOf(
        makeTokenizer({ ...noFiles, model, tokenizer: other, config: settings }, 'transformers'),
      );
      const alone = valueOf(makeTokenizer({ ...noFiles, model, config: settings }, 'transformers'));
      expect(both.encode('The fever would')).toEqual(alone.encode('The fever would'));
      expect(
        messageOf(makeTokenizer({ ...noFiles, tokenizer: other, config: settings }, 'transformers')),
      ).toContain('add_prefix_space');
    }
    const unset = { ...Object(config), add_prefix_space: null };
    const taken = valueOf(
      makeTokenizer({ ...noFiles, model, tokenizer: other, config: unset }, 'transformers'),
    );
    expect(taken.encode('The fever')).not.toEqual(
      valueOf(makeTokenizer({ ...noFiles, model, config: unset }, 'transformers')).encode('The fever'),
    );
  });

  test('transformers 5 lists special tokens under another name, with another class', () => {
    const settings = {
      tokenizer_class: 'TokenizersBackend',
      backend: 'tokenizers',
      extra_ids: 4,
      extra_special_tokens: ['<extra_id_0>', '<extra_id_1>', '<extra_id_2>', '<extra_id_3>'],
      model_max_length: 1e30,
    };
    const tokenizer = valueOf(
      makeTokenizer({ ...noFiles, tokenizer: converted(), config: settings }, 'transformers'),
    );
    expect(tokenizer.encode('a <extra_id_0> b').length).toBeLessThan(8);
    expect(tokenizer.vocabularySize).toBe(transformers.size);
  });
});
