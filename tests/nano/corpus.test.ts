import { expect, test } from 'vitest';
import { corpusRows } from '../../stages/nano/corpus.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { illnesses } from '../../stages/nano/lexicon.ts';

const rows = [...corpusRows({ seed: 4, spans: 1000, pairs: 2000 })];
const isSpan = ({ assistant }: Row) => assistant.startsWith('<extra_id_0>');

test('the same seed gives the same corpus, another seed another', () => {
  expect([...corpusRows({ seed: 4, spans: 1000, pairs: 2000 })]).toEqual(rows);
  expect([...corpusRows({ seed: 5, spans: 1000, pairs: 2000 })]).not.toEqual(rows);
});

test('there are as many rows of each kind as requested, mixed from the start', () => {
  expect(rows).toHaveLength(3000);
  expect(rows.filter(isSpan)).toHaveLength(1000);
  expect(new Set(rows.slice(0, 50).map(isSpan)).size).toBe(2);
});

test('inserting the hidden spans into the corrupted text restores it without sentinels', () => {
  for (const { human, assistant } of rows.filter(isSpan)) {
    const spans = assistant.split(/<extra_id_\d+>/).slice(1, -1);
    const sentinels = [...human.matchAll(/<extra_id_(\d+)>/g)].map(([, number]) => Number(number));
    expect(sentinels).toEqual(spans.map((_, index) => index));
    expect(assistant.endsWith(`<extra_id_${spans.length}>`)).toBe(true);
    expect(sentinels.length).toBeGreaterThan(0);
    expect(human).not.toMatch(/>\s*</);
  }
});

test('the prompt of fine-tuning never occurs, and nothing is empty', () => {
  for (const { human, assistant } of rows) {
    expect(human).not.toContain('medical question');
    expect(human.length * assistant.length).toBeGreaterThan(0);
  }
});

test('conditions and symptoms are independent: all pairs occur about equally often', () => {
  const many = [...corpusRows({ seed: 6, spans: 0, pairs: 40_000 })].filter(({ human }) =>
    human.startsWith('notes: '),
  );
  for (const { symptom } of illnesses) {
    const answers = many
      .map(({ assistant }) => assistant)
      .filter((answer) => answer.includes(`${symptom.en} `));
    const counts = illnesses.map(
      ({ condition }) => answers.filter((answer) => answer.includes(condition.en)).length,
    );
    const expected = answers.length / illnesses.length;
    // Five standard deviations of a binomial count.
    for (const count of counts) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
  }
});
