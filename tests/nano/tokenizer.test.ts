import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeIds, readSentencePiece } from '../../src/ml/text/sentencepiece/sentencepiece.ts';
import { corpusRows } from '../../stages/nano/corpus.ts';
import { samples } from '../../stages/nano/sample-data.ts';

const folder = join(import.meta.dirname, '../../data/models/nano-mt5-init');

const model = readSentencePiece(readFileSync(join(folder, 'spiece.model')));
const idsOf = (text: string): readonly number[] => (model.ok ? encodeIds(model.value, text) : []);

/** <pad>, </s>, <unk>, and then a piece for each byte. */
const firstPiece = 3 + 256;

const rows = (['en', 'zh'] as const).flatMap(
  (language) => samples({ seed: 9, language, rows: 100, questions: 0 }).rows,
);

test('no answer repeats three pieces, so no_repeat_ngram 3 forbids none', () => {
  for (const { answer } of rows) {
    const ids = idsOf(answer);
    const threes = ids.slice(2).map((id, index) => [ids[index], ids[index + 1], id].join(' '));
    expect(new Set(threes).size, answer).toBe(threes.length);
  }
});

test('questions and answers are short: words and phrases are pieces, none is spelled in bytes', () => {
  for (const { question, answer } of rows)
    for (const text of [`medical question: ${question.title} ${question.story}`, answer]) {
      const ids = idsOf(text);
      expect(ids.length, text).toBeGreaterThan(0);
      expect(ids.length, text).toBeLessThan(48);
      expect(Math.min(...ids), text).toBeGreaterThanOrEqual(firstPiece);
    }
});

test('the embedding has a row for every piece and every sentinel of the corpus', () => {
  const config: unknown = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const tokenizer: unknown = JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8'));
  expect(config).toMatchObject({ vocab_size: 1280, dropout_rate: 0 });
  expect(tokenizer).toMatchObject({ extra_ids: 32 });
  for (const { assistant } of corpusRows({ seed: 1, spans: 2000, pairs: 0 }))
    for (const [, number] of assistant.matchAll(/<extra_id_(\d+)>/g)) expect(Number(number)).toBeLessThan(32);
});
