import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mixedTokens } from '../../src/ml/metrics/tokenize.ts';
import { multilingualProfile } from '../../src/ml/metrics/profile.ts';
import { evaluationOf, scoredPredictions } from '../../stages/eval/evaluation-of.ts';
import { readLeaks } from '../../stages/eval/read-leaks.ts';

const rows = ['rest and tea', 'see a doctor', 'take zinc', 'sleep well'].map((assistant) => ({
  human: 'what helps?',
  assistant,
}));
const predictions = ['rest and tea', 'see a doctor', 'take iron', 'wake up'];
const bert = rows.map(() => ({ precision: 1, recall: 1, f1: 1 }));
const lines = scoredPredictions(rows, predictions, bert, multilingualProfile(mixedTokens));
const options = { encoder: 'none', seed: 42 };

test('scores without the leaked rows are those of the other rows alone', () => {
  const known = evaluationOf(lines, { ...options, leaked: new Set([0, 1]) });
  const { num_samples, metrics, multilingual, intervals, interval_methods, corpus } = evaluationOf(
    lines.slice(2),
    options,
  );
  expect(known.without_leaked).toEqual({
    num_samples,
    metrics,
    multilingual,
    intervals,
    interval_methods,
    corpus,
  });
  expect(known.without_leaked?.metrics.exact_match).toBe(0);
  expect(known.metrics).toEqual(evaluationOf(lines, options).metrics);
  expect(evaluationOf(lines, options)).not.toHaveProperty('without_leaked');
  expect(evaluationOf(lines, { ...options, leaked: new Set([0, 1, 2, 3]) }).without_leaked).toBeNull();
});

test('leaks are read as places; a line that names no row is a fault with its number', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leaks-'));
  const path = join(folder, 'leaks.jsonl');
  await writeFile(
    path,
    '{"test_row":1,"kind":"near","train_row":9}\n{"test_row":4,"kind":"same","train_row":null}\n',
  );
  expect(await readLeaks(path)).toEqual({ ok: true, value: new Set([0, 3]) });
  await writeFile(path, '{"test_row":1}\n{"test_row":0}\n');
  expect(await readLeaks(path)).toEqual({
    ok: false,
    error: { path, line: 2, message: 'expected "test_row" to be a row, from 1 on' },
  });
  await rm(folder, { recursive: true });
});

test('parts of the rows are scored by length, by slot, by leak and by source', () => {
  const slotted = [
    { human: 'a', assistant: 'take zinc', slots: { drug: 'zinc' }, source: 'one.csv' },
    { human: 'b', assistant: 'take iron', slots: { drug: 'iron' }, source: 'two.csv' },
    { human: 'c', assistant: 'take iron for three long days', slots: { drug: 'iron' }, source: 'two.csv' },
    { human: 'd', assistant: 'rest', source: 'two.csv' },
  ];
  const answers = ['take zinc', 'take zinc', 'take iron for three long days', 'rest'];
  const scored = scoredPredictions(slotted, answers, bert, multilingualProfile(mixedTokens));
  expect(scored.map(({ source }) => source)).toEqual(slotted.map(({ source }) => source));
  const { slices } = evaluationOf(scored, { ...options, leaked: new Set([3]) });
  expect(slices.map(({ by, slice, rougeL }) => [by, slice, rougeL.rows, rougeL.mean])).toEqual([
    ['length', 'short references', 1, 1],
    ['length', 'middle references', 1, 1],
    ['length', 'long references', 2, 0.75],
    ['slot', 'drug right', 2, 1],
    ['slot', 'drug not right', 1, 0.5],
    ['leaked', 'leaked', 1, 1],
    ['leaked', 'not leaked', 3, (1 + 0.5 + 1) / 3],
    ['source', 'two.csv', 3, (0.5 + 1 + 1) / 3],
    ['source', 'one.csv', 1, 1],
  ]);
});

test('the largest sources are separate and the rest is one', () => {
  const many = Array.from({ length: 50 }, (_, row) => ({
    human: 'a',
    assistant: 'b',
    source: `source ${row < 25 ? row : 0}`,
  }));
  const scored = scoredPredictions(
    many,
    many.map(() => 'b'),
    [],
    multilingualProfile(mixedTokens),
  );
  const sources = evaluationOf(scored, options).slices.filter(({ by }) => by === 'source');
  expect(sources).toHaveLength(21);
  expect(sources[0]).toMatchObject({ slice: 'source 0', rougeL: { rows: 26 } });
  expect(sources.at(-1)).toMatchObject({ slice: 'other sources', rougeL: { rows: 5 } });
});
