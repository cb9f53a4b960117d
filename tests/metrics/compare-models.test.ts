import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareModels, type ScoredModel } from '../../src/ml/metrics/compare-models.ts';
import { readLossRows, readScoredRows } from '../../src/ml/metrics/scored-rows.ts';

const model = (name: string, shift: number, rows = 20): ScoredModel => ({
  name,
  rows: Array.from({ length: rows }, (_, row) => ({
    identity: `question ${row}`,
    scores: { rougeL: (row % 5) / 10 + shift + ((row * 7) % 3) / 100, f1: row / 20 },
  })),
});

describe('models compared by the scores of their rows', () => {
  test('each pair, or all against one, with p adjusted for the comparisons of a score', () => {
    const models = [model('a', 0), model('b', 0.3), model('c', 0.31)];
    const pairs = compareModels(models, { against: undefined, seed: 1 });
    if (!pairs.ok) throw new Error(pairs.error);
    expect(pairs.value.map(({ first, second, score }) => [first, second, score])).toEqual([
      ['a', 'b', 'rougeL'],
      ['a', 'c', 'rougeL'],
      ['b', 'c', 'rougeL'],
      ['a', 'b', 'f1'],
      ['a', 'c', 'f1'],
      ['b', 'c', 'f1'],
    ]);
    expect(pairs.value[0]).toMatchObject({ mean: expect.closeTo(0.3, 6), pValue: 1 / 10_001 });
    expect(pairs.value[0]?.adjustedP).toBeCloseTo(3 / 10_001, 12);
    expect(pairs.value[3]).toMatchObject({ mean: 0, pValue: 1, adjustedP: 1 });
    const against = compareModels(models, { against: 'b', seed: 1 });
    if (!against.ok) throw new Error(against.error);
    expect(
      against.value.filter(({ score }) => score === 'f1').map(({ first, second }) => first + second),
    ).toEqual(['ba', 'bc']);
  });

  test('a score that some rows lack is compared on the rows that have it in both', () => {
    const withSlots = (name: string, slots: readonly (number | undefined)[]): ScoredModel => ({
      name,
      rows: slots.map((one, row) => ({
        identity: `${row}`,
        scores: one === undefined ? { f1: 1 } : { f1: 1, slots: one },
      })),
    });
    const models = [withSlots('a', [undefined, 0, 0.5, 1]), withSlots('b', [undefined, 1, 1, undefined])];
    const compared = compareModels(models, { against: undefined, seed: 1 });
    if (!compared.ok) throw new Error(compared.error);
    expect(compared.value).toMatchObject([
      { score: 'f1', rows: 4 },
      { score: 'slots', rows: 2, mean: 0.75 },
    ]);
  });

  test('with different rows are refused, with the difference', () => {
    const other = { ...model('b', 0), rows: model('b', 0).rows.with(3, { identity: 'x', scores: {} }) };
    expect(compareModels([model('a', 0), other], { against: undefined, seed: 1 })).toEqual({
      ok: false,
      error: 'a and b were not evaluated on the same rows (row 4 differs)',
    });
    expect(compareModels([model('a', 0), model('b', 0, 3)], { against: undefined, seed: 1 })).toMatchObject({
      error: 'a and b were not evaluated on the same rows (20 and 3 rows)',
    });
  });
});

describe('rows of files', () => {
  const written = async (...lines: readonly unknown[]): Promise<string> => {
    const path = join(await mkdtemp(join(tmpdir(), 'rows-')), 'rows.jsonl');
    await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return path;
  };
  const texts = { question: 'q', prediction: 'rest', reference: 'rest and water' };

  test('have the scores of their profile, and the share of correct slots', async () => {
    const path = await written({
      ...texts,
      scores: { reference: { rougeL: 0.1, bertscore_f1: 0.7 }, multilingual: { rougeL: 0.25 } },
      slots: { drug: 'named', dose: 'negated' },
    });
    expect(await readScoredRows(path, 'multilingual')).toMatchObject({
      value: { scoredAgain: false, rows: [{ scores: { rougeL: 0.25, bertscore_f1: 0.7, slots: 0.5 } }] },
    });
    expect(await readScoredRows(path, 'reference')).toMatchObject({
      value: { rows: [{ scores: { rougeL: 0.1 } }] },
    });
  });

  test('without scores are scored again, with a note', async () => {
    expect(await readScoredRows(await written(texts), 'multilingual')).toMatchObject({
      ok: true,
      value: { scoredAgain: true, rows: [{ scores: { rougeL: 0.5, f1: 0.5 } }] },
    });
  });

  test('that are not predictions are refused by line', async () => {
    expect(await readScoredRows(await written(texts, { question: 1 }), 'reference')).toMatchObject({
      ok: false,
      error: { line: 2 },
    });
  });

  test('of validation losses have the selection loss as their mean', async () => {
    const path = await written({ row: 1, tokens: 1, loss: 4 }, { row: 3, tokens: 3, loss: 2 });
    const read = await readLossRows(path);
    if (!read.ok) throw new Error(read.error.message);
    const losses = read.value.rows.map(({ scores }) => scores['selection_loss'] ?? 0);
    expect((losses[0] ?? 0) + (losses[1] ?? 0)).toBe(2 * (6 / 4));
  });
});
