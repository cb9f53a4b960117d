import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseJson, readJson, writeJson } from '../../src/files/json.ts';
import { readJsonLines, writeJsonLines } from '../../src/files/json-lines.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const placeOf = (text: string): string => {
  const parsed = parseJson(text, 'f');
  return parsed.ok ? 'no fault' : `${parsed.error.line}:${parsed.error.column}`;
};

test.each([
  ['', '1:1'],
  ['{"a": x}', '1:7'],
  ['[1,\n 2,]', '2:4'],
  ['{"a": 1,\n}', '2:1'],
  ['{\n"a" 1}', '2:5'],
  ['["a\nb"]', '1:4'],
  ['[1]\n[2]', '2:1'],
  ['{"a": [1, 2', '1:12'],
  ['[nan]', '1:3'],
  ['[NaN,\n Infinity, x]', '2:12'],
])('the fault of %j is at %s', (text, place) => {
  expect(placeOf(text)).toBe(place);
});

test('one inserted character is reported at its position or after, never before', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (text, nat) => {
      const at = nat % (text.length + 1);
      const place = parseJson(`${text.slice(0, at)}\u0001${text.slice(at)}`, 'f');
      if (!place.ok) expect(place.error).toMatchObject({ line: 1, column: at + 1 });
    }),
  );
});

test('a million open brackets are a fault, not a crash', () => {
  expect(placeOf('['.repeat(1_000_000))).toBe('1:1000001');
});

test('a missing file, or one that is not UTF-8, is a problem that names it', async () => {
  const path = join(folder, 'a.json');
  expect(await readJson(path)).toEqual({
    ok: false,
    error: { path, message: 'no such file or folder', code: 'ENOENT' },
  });
  await writeFile(path, Buffer.from([0x22, 0xff, 0x22]));
  expect(await readJson(path)).toEqual({ ok: false, error: { path, message: 'is not UTF-8' } });
});

test('written JSON can be read again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (value) => {
      await writeJson(join(folder, 'a.json'), value);
      expect(await readJson(join(folder, 'a.json'))).toEqual({
        ok: true,
        value: JSON.parse(JSON.stringify(value)),
      });
    }),
    { numRuns: 30 },
  );
});

async function linesOf(path: string, limit?: number): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  for await (const line of readJsonLines(path, limit)) lines.push(line);
  return lines;
}

test('JSON lines are read as written, whatever the texts contain', async () => {
  const path = join(folder, 'a.jsonl');
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('\u2028', '\u0085', '\r\n', '\uFEFF', 'x'.repeat(300_000)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ text })), async (rows) => {
      await writeJsonLines(path, rows);
      expect(await linesOf(path)).toEqual(
        rows.map((value, i) => ({ ok: true, value: { line: i + 1, value } })),
      );
    }),
    { numRuns: 30 },
  );
});

test('bad lines are reported by number, and the lines around them are read', async () => {
  const path = join(folder, 'a.jsonl');
  await writeFile(
    path,
    Buffer.concat([
      Buffer.from('\uFEFF{"a":1}\r\n\n{"a":}\n"'),
      Buffer.from([0xc3]),
      Buffer.from(`"\n"${'x'.repeat(100)}"\n2`),
    ]),
  );
  expect(await linesOf(path, 50)).toEqual([
    { ok: true, value: { line: 1, value: { a: 1 } } },
    { ok: false, error: { path, line: 3, column: 6, message: 'is not JSON: unexpected "}"' } },
    { ok: false, error: { path, line: 4, message: 'is not UTF-8' } },
    { ok: false, error: { path, line: 5, message: 'is longer than 50 bytes' } },
    { ok: true, value: { line: 6, value: 2 } },
  ]);
});

test('a missing JSON Lines file is one problem', async () => {
  expect(await linesOf(join(folder, 'none'))).toEqual([
    { ok: false, error: { path: join(folder, 'none'), message: 'no such file or folder', code: 'ENOENT' } },
  ]);
});

test('a JSON Lines file ends with a newline, and no rows make an empty file', async () => {
  await writeJsonLines(join(folder, 'a'), [1, 'b']);
  await writeJsonLines(join(folder, 'b'), []);
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('1\n"b"\n');
  expect(await readFile(join(folder, 'b'), 'utf8')).toBe('');
});
