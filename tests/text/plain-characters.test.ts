import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalizeBytes } from '../../src/ml/text/sentencepiece/normalizer.ts';
import { readSentencePiece } from '../../src/ml/text/sentencepiece/sentencepiece.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { seeded } from '../checkpoint/mutations.ts';
import { randomText } from './fuzz.ts';
import { goldenModel } from './golden-tables.ts';

const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      'Z',
      ' ',
      '\t',
      '\u0301',
      '\u0307',
      '词',
      'Ａ',
      'が',
      'か',
      '\u3099',
      '▁',
      '한',
      '€',
      'é',
    ),
  }),
  fc.nat().map((seed) => randomText(seeded(seed))),
);

describe.each(['bytes', 'suffix'])('model %s', (name) => {
  const { normalizer } = valueOf(readSentencePiece(goldenModel(name)));
  /** Looks every character up. */
  const slow = { ...normalizer, plain: { ascii: new Uint8Array(128), isPlainWide: () => false } };

  test.each([
    ['as its file says', {}],
    ['without extra spaces removed', { removeExtraWhitespaces: false }],
    ['with spaces as they are', { escapeWhitespaces: false, addDummyPrefix: false }],
  ])('normalizes a text as if every character were looked up, %s', (_, flags) => {
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = new TextEncoder().encode(text);
        expect(normalizeBytes({ ...normalizer, ...flags }, bytes)).toEqual(
          normalizeBytes({ ...slow, ...flags }, bytes),
        );
      }),
      { numRuns: 500 },
    );
  });

  test('invalid bytes too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        expect(normalizeBytes(normalizer, bytes)).toEqual(normalizeBytes(slow, bytes));
      }),
      { numRuns: 2000 },
    );
  });

  test('letters are plain, characters that a rule replaces are not', () => {
    const { ascii, isPlainWide } = normalizer.plain;
    expect([ascii[0x61], ascii[0x20], ascii[0x09]]).toEqual([1, 1, 0]);
    expect(isPlainWide(Buffer.from('词'), 0)).toBe(true);
    expect(isPlainWide(Buffer.from('Ａ'), 0)).toBe(false);
  });
});
