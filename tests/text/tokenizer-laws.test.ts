import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeTokenizer } from '../../src/ml/text/make-tokenizer.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { seeded } from '../checkpoint/mutations.ts';
import { randomText } from './fuzz.ts';
import { goldenModel, goldenTokenizerJson, goldenVocabulary } from './golden-tables.ts';
import { noFiles } from './no-files.ts';

const config = { extra_ids: 4 };
const tokenizers = [
  [
    'T5Tokenizer',
    valueOf(makeTokenizer({ ...noFiles, config, model: goldenModel('bytes') }, 'sentencepiece')),
  ],
  [
    'T5TokenizerFast',
    valueOf(makeTokenizer({ ...noFiles, config, model: goldenModel('bytes') }, 'transformers')),
  ],
  [
    'tokenizer.json',
    valueOf(makeTokenizer({ ...noFiles, config, tokenizer: goldenTokenizerJson('bytes') }, 'transformers')),
  ],
  ['BertTokenizer', valueOf(makeTokenizer({ ...noFiles, vocabulary: goldenVocabulary() }, 'transformers'))],
] as const;

const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.nat().map((seed) => randomText(seeded(seed))),
);

describe.each(tokenizers)('%s, on any text', (_, tokenizer) => {
  const { start, end } = tokenizer.special;

  test('ids are in the vocabulary, between the special tokens', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const ids = tokenizer.encode(text);
        expect(ids.every((id) => id >= 0 && id < tokenizer.vocabularySize)).toBe(true);
        expect(ids.at(-1)).toBe(end);
        if (start !== undefined) expect(ids[0]).toBe(start);
      }),
    );
  });

  test('a truncated encoding is the beginning of the longer one, closed', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 3, max: 12 }), (text, maxLength) => {
        const whole = tokenizer.encode(text);
        const cut = tokenizer.encode(text, { maxLength });
        expect(cut.length).toBeLessThanOrEqual(maxLength);
        expect(cut.slice(0, -1)).toEqual(whole.slice(0, cut.length - 1));
        expect(cut.at(-1)).toBe(end);
      }),
    );
  });

  test('the encoding of a text does not depend on earlier texts', () => {
    fc.assert(
      fc.property(texts, texts, (text, other) => {
        const alone = tokenizer.encode(text);
        tokenizer.encode(other);
        expect(tokenizer.encode(text)).toEqual(alone);
      }),
    );
  });

  test('special tokens can be omitted when encoding and decoding', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const bare = tokenizer.encode(text, { addSpecialTokens: false });
        expect(tokenizer.decode(tokenizer.encode(text), { skipSpecialTokens: true })).toBe(
          tokenizer.decode(bare, { skipSpecialTokens: true }),
        );
      }),
    );
  });

  test('ids outside the vocabulary can be decoded too', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 100_000 })), (ids) => {
        expect(typeof tokenizer.decode(ids)).toBe('string');
      }),
    );
  });
});

test('with byte fallback every text with single spaces and without rules survives a round trip', () => {
  const [[, slow]] = tokenizers;
  const words = fc.array(fc.string({ unit: fc.constantFrom(...'abcxyz痛😀,.'), minLength: 1 }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(words, (list) => {
      expect(slow.decode(slow.encode(list.join(' ')), { skipSpecialTokens: true })).toBe(list.join(' '));
    }),
  );
});
