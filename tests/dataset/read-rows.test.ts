import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRows } from '../../src/ml/dataset/read-rows.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-rows-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('rows are read unchanged, slots included', async () => {
  const rows = [
    { human: ' a\u2028b ', assistant: 'c\n' },
    { human: 'd', assistant: 'e', slots: { drug: 'zinc' } },
  ];
  await writeFile(join(folder, 'train.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  expect(await readRows(join(folder, 'train.jsonl'))).toEqual({ ok: true, value: rows });
});

test('the first line that is not a row is reported', async () => {
  const path = join(folder, 'train.jsonl');
  await writeFile(path, '{"human": "a", "assistant": "b"}\n{"human": "a"}\n{');
  expect(await readRows(path)).toEqual({
    ok: false,
    error: { path, line: 2, message: 'wrong columns: expected a string "assistant"; found ["human"]' },
  });
  expect(await readRows(join(folder, 'absent'))).toMatchObject({ ok: false });
});
