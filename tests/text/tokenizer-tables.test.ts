import { describe, expect, test } from 'vitest';
import { makeTokenizer, type Tokenization } from '../../src/ml/text/make-tokenizer.ts';
import {
  decodeIds,
  encodeIds,
  encodePieces,
  normalizeText,
  readSentencePiece,
} from '../../src/ml/text/sentencepiece/sentencepiece.ts';
import type { Tokenizer } from '../../src/ml/text/tokenizer.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import {
  type BertRow,
  goldenModel,
  goldenTables,
  goldenTokenizerJson,
  goldenVocabulary,
} from './golden-tables.ts';
import { noFiles } from './no-files.ts';

const tables = goldenTables();

describe.each(Object.entries(tables.sentencepiece))(
  'sentencepiece, model "%s"',
  (name, { rows, decodes }) => {
    const model = valueOf(readSentencePiece(goldenModel(name)));

    test.each(rows)('encodes $text', ({ text, ids, pieces, normalized, decoded }) => {
      expect(encodeIds(model, text)).toEqual(ids);
      expect(encodePieces(model, text).map((piece) => piece.text)).toEqual(pieces);
      expect(normalizeText(model, text)).toBe(normalized);
      expect(decodeIds(model, ids)).toBe(decoded);
    });

    test('decodes ids in any order, including bytes of incomplete characters', () => {
      expect(decodes.map(({ ids }) => decodeIds(model, ids))).toEqual(decodes.map(({ text }) => text));
    });
  },
);

describe.each(Object.entries(tables.t5))('a T5 folder with %s', (name, { model, config, ...kinds }) => {
  const sources: readonly (readonly [string, Tokenization, Tokenizer])[] = [
    [
      'T5Tokenizer',
      'sentencepiece',
      valueOf(makeTokenizer({ ...noFiles, model: goldenModel(model), config }, 'sentencepiece')),
    ],
    [
      'T5TokenizerFast',
      'transformers',
      valueOf(makeTokenizer({ ...noFiles, model: goldenModel(model), config }, 'transformers')),
    ],
    ...(name === 'sentinels'
      ? [
          [
            'tokenizer.json',
            'transformers',
            valueOf(
              makeTokenizer({ ...noFiles, tokenizer: goldenTokenizerJson(model), config }, 'transformers'),
            ),
          ] as const,
        ]
      : []),
  ];

  test.each(sources)('%s', (_, kind, tokenizer) => {
    const { size, rows } = kinds[kind];
    expect(tokenizer.vocabularySize).toBe(size);
    expectRows(tokenizer, rows, 4);
    expect(rows.map(({ ids }) => tokenizer.decode(ids))).toEqual(rows.map(({ decoded }) => decoded));
  });
});

test.each(tables.bert)('a BERT folder with $config', ({ config, rows }) => {
  expectRows(
    valueOf(makeTokenizer({ ...noFiles, vocabulary: goldenVocabulary(), config }, 'transformers')),
    rows,
    5,
  );
});

function expectRows(tokenizer: Tokenizer, rows: readonly BertRow[], maxLength: number): void {
  const shown = (encode: (text: string) => readonly number[]) => rows.map(({ text }) => [text, encode(text)]);
  expect(shown((text) => tokenizer.encode(text))).toEqual(rows.map(({ text, ids }) => [text, ids]));
  expect(shown((text) => tokenizer.encode(text, { maxLength }))).toEqual(
    rows.map(({ text, cut }) => [text, cut]),
  );
  expect(shown((text) => tokenizer.truncate(tokenizer.encode(text), maxLength))).toEqual(
    rows.map(({ text, cut }) => [text, cut]),
  );
  expect(rows.map(({ ids }) => tokenizer.decode(ids, { skipSpecialTokens: true, cleanUp: true }))).toEqual(
    rows.map(({ plain }) => plain),
  );
}
