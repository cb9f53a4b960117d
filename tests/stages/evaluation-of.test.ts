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
  const { num_samples, metrics, multilingual, intervals, corpus } = evaluationOf(lines.slice(2), options);
  expect(known.without_leaked).toEqual({ num_samples, metrics, multilingual, intervals, corpus });
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
