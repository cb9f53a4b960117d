import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRaw } from '../../stages/formats/read-raw.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-raw-'));
});
afterEach(() => rm(folder, { recursive: true }));

const good = (text: string): string =>
  `${JSON.stringify({ human: `${text}?`, assistant: `${text}.`, source: 'x' })}\n`;

test('dirty lines are skipped with a count, a reason and their places', async () => {
  const path = join(folder, 'rows.jsonl');
  const lines = [
    '\uFEFF',
    good('a'),
    '{"human": "b?"\n',
    '\n',
    Buffer.from([0x22, 0xff, 0x22, 0x0a]),
    '{"human": "c?", "assistant": " "}\n',
    good('line\u2028separator'),
    '[1]\n',
    good('d').replace('\n', '\r\n'),
    `{"human": "${'x'.repeat(1 << 20)}", "assistant": "y"}`,
  ];
  await writeFile(path, Buffer.concat(lines.map((line) => Buffer.from(line))));
  const raw = await readRaw(path, { format: 'jsonl', onBadRow: 'skip' });
  if (!raw.ok) throw new Error('refused');
  expect(raw.value.rows.map(({ human }) => human)).toEqual(['a?', 'line\u2028separator?', 'd?']);
  expect(raw.value.rows[0]).toEqual({ human: 'a?', assistant: 'a.' });
  expect(raw.value.read).toBe(8);
  expect(
    raw.value.dropped.map(({ reason, count, examples }) => [
      reason,
      count,
      ...examples.map(({ line }) => line),
    ]),
  ).toEqual([
    ['not JSON', 1, 2],
    ['not UTF-8', 1, 4],
    ['empty turn', 1, 5],
    ['wrong columns', 1, 7],
    ['field too long', 1, 9],
  ]);
  expect(
    raw.value.repaired.map(({ reason, count, examples }) => [
      reason,
      count,
      ...examples.map(({ line }) => line),
    ]),
  ).toEqual([
    ['byte order mark', 1, 1],
    ['mixed line ends', 1, 8],
  ]);
  expect(raw.value.dropped[0]?.examples).toEqual([
    { path, line: 2, message: expect.stringContaining('not JSON: column 15') },
  ]);
});

test('suspicious rows are reported too: NUL, byte order mark, duplicate column, cut list', async () => {
  const found = async (name: string, content: string): Promise<unknown> => {
    const path = join(folder, name);
    await writeFile(path, content);
    const raw = await readRaw(path, { format: name.endsWith('csv') ? 'aimc' : 'jsonl', onBadRow: 'skip' });
    return raw.ok
      ? [
          raw.value.rows.length,
          ...[...raw.value.dropped, ...raw.value.repaired].flatMap(({ examples }) =>
            examples.map(({ line, message }) => [line, message]),
          ),
        ]
      : raw.error;
  };
  expect(await found('nul.jsonl', `${good('a')}${good('b\0c')}`)).toEqual([
    1,
    [2, 'broken text: "human" holds a NUL character'],
  ]);
  expect(await found('mark.jsonl', `${good('a')}\uFEFF${good('b')}`)).toEqual([
    2,
    [2, 'byte order mark: the line begins with a byte order mark (EF BB BF)'],
  ]);
  expect(
    await found('twice.csv', 'Description,Patient,Doctor,Doctor\nQ. a?,"Hi doctor, b",Hello. c,Hello. d\n'),
  ).toEqual([
    0,
    [1, 'wrong columns: no row was read, because the header is not usable: it names "Doctor" twice'],
  ]);
  expect(
    await found('lacks.csv', 'Description,Patient\nQ. a?,"Hi doctor, b"\nQ. c?,"Hi doctor, d"\n'),
  ).toEqual([0, [1, expect.stringContaining('it lacks "Doctor"')]]);
  for (const cut of ['[\r\n  {\r\n    "human"', '[']) {
    expect(await found('cut.json', cut), cut).toEqual([
      0,
      ...(cut === '[' ? [] : [[3, expect.stringContaining('not JSON')]]),
      [cut.split('\n').length, expect.stringMatching(/no closing bracket/)],
    ]);
  }
  expect(await found('list.jsonl', `[1]\n${good('a')}`)).toEqual([
    1,
    [1, 'wrong columns: expected an object'],
  ]);
});

test('with "refuse", one dirty line refuses all, listing every place', async () => {
  const path = join(folder, 'rows.jsonl');
  await writeFile(path, `${good('a')}{}\n${good('b')}{\n`);
  expect(await readRaw(path, { format: 'jsonl', onBadRow: 'refuse' })).toMatchObject({
    ok: false,
    error: [
      { path, line: 2 },
      { path, line: 4 },
    ],
  });
  await writeFile(path, `\uFEFF${good('a')}`);
  expect(await readRaw(path, { format: 'jsonl', onBadRow: 'refuse' })).toMatchObject({
    ok: false,
    error: [{ path, line: 1, message: expect.stringContaining('byte order mark') }],
  });
  await writeFile(path, good('a'));
  expect(await readRaw(path, { format: 'jsonl', onBadRow: 'refuse' })).toMatchObject({
    ok: true,
    value: { read: 1, dropped: [], repaired: [] },
  });
});

test('rows excluded by the filters of a format are dropped, not refused', async () => {
  const path = join(folder, 'aimc.csv');
  await writeFile(
    path,
    'Description,Patient,Doctor\nQ. a?,"Hi doctor,b","Hello. c"\na?,"Hi doctor,b","Hello. c"\n',
  );
  expect(await readRaw(path, { format: 'aimc', onBadRow: 'refuse' })).toMatchObject({
    ok: true,
    value: {
      rows: [{ human: 'a? b', assistant: 'c' }],
      read: 2,
      repaired: [],
      dropped: [
        {
          reason: 'no "Q." in Description',
          count: 1,
          examples: [{ path, line: 3, message: expect.any(String) }],
        },
      ],
    },
  });
});

test('a folder is read file by file in path order, CSV, JSON Lines and Parquet alike', async () => {
  await mkdir(join(folder, 'more'));
  await writeFile(join(folder, 'b.CSV'), 'Description,Patient,Doctor\nQ. b?,"Hello doctor, b","Hi. b"\n');
  await writeFile(
    join(folder, 'a.jsonl'),
    JSON.stringify({ Description: 'Q. a?', Patient: 'Hi doctor, a', Doctor: 'Hello, a' }),
  );
  await copyFile(new URL('aimc.parquet', import.meta.url), join(folder, 'more', 'c.parquet'));
  await writeFile(join(folder, 'README.md'), 'not data');
  const raw = await readRaw(folder, { format: 'aimc', onBadRow: 'skip' });
  expect(raw).toMatchObject({
    ok: true,
    value: {
      rows: [
        { human: 'a? a' },
        { human: 'b? b' },
        {
          human: 'What helps against a cold? I have had a cold\nsince Monday.',
          assistant: 'Rest and drink.',
        },
        { human: 'Why does my tooth ache? it aches at night.' },
      ],
      dropped: [
        { reason: 'not UTF-8', count: 1, examples: [{ path: join(folder, 'more', 'c.parquet'), line: 3 }] },
      ],
    },
  });
});

test('a file that cannot be read at all is one problem that names it', async () => {
  const problem = async (path: string): Promise<string> => {
    const raw = await readRaw(path, { format: 'aimc', onBadRow: 'skip' });
    return raw.ok
      ? 'read'
      : raw.error.map((one) => `${one.path.slice(folder.length)}: ${one.message}`).join('; ');
  };
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'x.parquet'), 'PAR1 this is none PAR1');
  await writeFile(join(folder, 'x.txt'), '');
  expect(await problem(join(folder, 'absent.csv'))).toBe('/absent.csv: no such file or folder');
  expect(await problem(join(folder, 'empty'))).toMatch(/^\/empty: holds no file that ends in \.csv/);
  expect(await problem(join(folder, 'x.txt'))).toMatch(/^\/x.txt: does not end in \.csv/);
  expect(await problem(join(folder, 'x.parquet'))).toMatch(
    /^\/x.parquet: is not a Parquet file that can be read/,
  );
});
