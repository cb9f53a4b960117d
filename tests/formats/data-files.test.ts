import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ReadOptions, readRaw } from '../../stages/formats/read-raw.ts';
import { encodingFault } from '../../stages/formats/to-utf8.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'data-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const golden = new URL('../golden/data-files', import.meta.url).pathname;

/** Writes a file and reads it; in what is not clean or not read, the folder is left out. */
async function found(name: string, content: string | Uint8Array, options: Partial<ReadOptions> = {}) {
  const path = join(folder, name);
  await writeFile(path, content);
  return outcome(path, options);
}

async function outcome(path: string, options: Partial<ReadOptions> = {}) {
  const raw = await readRaw(path, { format: 'rows', onBadRow: 'skip', ...options });
  if (!raw.ok) return raw.error.map(({ message }) => message.replaceAll(folder, '')).join('; ');
  const { rows, dropped, files, laterExchanges } = raw.value;
  return {
    rows: rows.map(({ human, assistant }) => [human, assistant]),
    ...(dropped.length === 0
      ? {}
      : { dropped: dropped.flatMap(({ examples }) => examples.map((one) => one.message)) }),
    read: files.map(({ encoding, forms }) => [encoding, ...forms].join('; ')),
    ...(laterExchanges === 0 ? {} : { laterExchanges }),
  };
}

const rows = [
  ['Is tea good?', 'Yes.'],
  ['感冒吃什么？', '多喝水。'],
];
const records = rows.map(([human, assistant]) => ({ human, assistant }));
const csv = `human,assistant\n${rows.map((row) => row.join(',')).join('\n')}\n`;
const jsonLines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
const pair = '"human" and "assistant"';

describe('JSON', () => {
  test.each([
    ['a list', JSON.stringify(records), `JSON list; ${pair}`],
    ['a list over several lines', JSON.stringify(records, null, 2), `JSON list; ${pair}`],
    [
      'a list under "data"',
      JSON.stringify({ schema: { fields: [{}] }, data: records }),
      `JSON list; ${pair}`,
    ],
    [
      'the only list of an object',
      JSON.stringify({ version: '1.0', train: records }, null, 1),
      `JSON list; ${pair}`,
    ],
    [
      'objects one after the other',
      records.map((record) => JSON.stringify(record, null, 2)).join('\n'),
      `JSON objects; ${pair}`,
    ],
    ['an object a line', jsonLines(records), `JSON Lines; ${pair}`],
    ['an object a line in one after a byte order mark', `\uFEFF${jsonLines(records)}`, `JSON Lines; ${pair}`],
  ])('%s', async (_, text, read) => {
    expect(await found('rows.json', text)).toEqual({ rows, read: [read] });
    expect(await found('rows.json.gz', gzipSync(text))).toEqual({ rows, read: [read] });
  });

  test('a fault in a list costs one element, reported by line', async () => {
    expect(
      await found(
        'rows.json',
        '[\n{"human": "a", "assistant": "b"},\n{"human": "c", "assistant" "d]["},\n' +
          '{"human": "e", "assistant": "f"}]',
      ),
    ).toEqual({
      rows: [
        ['a', 'b'],
        ['e', 'f'],
      ],
      dropped: [expect.stringMatching(/^not JSON: column 28: /)],
      read: [`JSON list; ${pair}`],
    });
  });

  test('fields that are not read never cost a row: NaN, long integers, invalid bytes', async () => {
    const text =
      '{"human":"NaN \\" Infinity","assistant":"12345678901234567890","a":NaN,"b":[-Infinity,{"c"' +
      ':Infinity}],"id":12345678901234567890}\n';
    expect(await found('rows.jsonl', text)).toEqual({
      rows: [['NaN " Infinity', '12345678901234567890']],
      read: [`JSON Lines; ${pair}`],
    });
    const bytes = (human: number) =>
      Buffer.concat([
        Buffer.from('{"human":"'),
        Buffer.from([human]),
        Buffer.from('","assistant":"b","raw":"'),
        Buffer.from([0xff]),
        Buffer.from('"}\n'),
      ]);
    expect(await found('bytes.jsonl', Buffer.concat([bytes(0x61), bytes(0xfe)]))).toEqual({
      rows: [['a', 'b']],
      dropped: ['not UTF-8: "human" is not UTF-8'],
      read: [`JSON Lines; ${pair}`],
    });
  });

  test('a value that is not a text is named', async () => {
    const text =
      '{"human":5,"assistant":"b"}\n{"human":12345678901234567890,"assistant":"b"}\n' +
      '{"human":NaN,"assistant":"b"}\n{"human":{"0":"a"},"assistant":"b"}\n' +
      '{"human":"a","assistant":[1,2]}\n{"human":true,"assistant":"b"}\n';
    const result = await found('rows.jsonl', text);
    expect(result).toMatchObject({
      rows: [],
      dropped: [
        '"human" to be a text; found the number 5',
        '"human" to be a text; found the number 12345678901234567890',
        '"human" to be a text; found the number NaN',
        '"human" to be a text; found an object',
        '"assistant" to be a text; found a list of 2',
      ].map((detail) => `wrong columns: expected ${detail}`),
    });
  });
});

describe('encodings', () => {
  test.each([
    [
      'UTF-16LE by its mark',
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(csv, 'utf16le')]),
      {},
      'UTF-16LE',
    ],
    [
      'UTF-16BE by its mark',
      Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(csv, 'utf16le').swap16()]),
      {},
      'UTF-16BE',
    ],
    ['UTF-16 without a mark by the param', Buffer.from(csv, 'utf16le'), { encoding: 'utf-16le' }, 'utf-16le'],
  ])('%s', async (_, bytes, options, name) => {
    expect(await found('rows.csv', bytes, options)).toEqual({
      rows,
      read: [`CSV separated by commas, ${name}; ${pair}`],
    });
  });

  test('GB 18030 by the param; invalid bytes cost only their row', async () => {
    const text = Buffer.concat([
      Buffer.from('human,assistant,x\n'),
      Buffer.from([0xb8, 0xd0, 0xc3, 0xb0]),
      Buffer.from(',a,b\n'),
      Buffer.from([0xff]),
      Buffer.from(',a,b\nc,d,'),
      Buffer.from([0xff]),
      Buffer.from('\n'),
    ]);
    expect(await found('rows.csv', text, { encoding: 'gb18030' })).toEqual({
      rows: [
        ['感冒', 'a'],
        ['c', 'd'],
      ],
      dropped: ['broken text: "human" is not valid gb18030'],
      read: [`CSV separated by commas, gb18030; ${pair}`],
    });
  });

  test('an ambiguous encoding is asked for, and unsupported ones are named', async () => {
    expect(await found('rows.csv', Buffer.from(csv, 'utf16le'))).toMatch(
      /set the param `encoding` to utf-16le/,
    );
    expect(await found('rows.csv', Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]))).toMatch(/UTF-32.*iconv/);
    expect(encodingFault('utf-9')).toMatch(/unknown encoding "utf-9"/);
    expect(encodingFault('GBK')).toBeUndefined();
  });
});

describe('record formats', () => {
  const chat = (turns: readonly (readonly [string, unknown])[], [from, value] = ['role', 'content']) =>
    turns.map(([speaker, text]) => ({ [from ?? '']: speaker, [value ?? '']: text }));

  test.each([
    ['Alpaca', { instruction: 'a', input: 'b', output: 'c', text: 5 }, ['a\nb', 'c']],
    ['Alpaca without an input', { instruction: 'a', input: '', output: 'c' }, ['a', 'c']],
    ['Dolly', { instruction: 'a', context: 'b', response: 'c' }, ['a\nb', 'c']],
    ['question and answer', { question: 'a', answer: 'c' }, ['a', 'c']],
    ['prompt and completion', { prompt: 'a', completion: 'c' }, ['a', 'c']],
    [
      'messages',
      {
        messages: chat([
          ['system', 's'],
          ['user', 'a'],
          ['assistant', 'c'],
        ]),
      },
      ['a', 'c'],
    ],
    [
      'messages with parts',
      {
        messages: chat([
          [
            'user',
            [
              { type: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          ],
          ['assistant', 'c'],
        ]),
      },
      ['ab', 'c'],
    ],
    [
      'ShareGPT',
      {
        conversations: chat(
          [
            ['human', 'a'],
            ['gpt', 'c'],
          ],
          ['from', 'value'],
        ),
      },
      ['a', 'c'],
    ],
    [
      'ShareGPT with user and assistant',
      {
        conversations: chat(
          [
            ['user', 'a'],
            ['assistant', 'c'],
          ],
          ['from', 'value'],
        ),
      },
      ['a', 'c'],
    ],
    ['Huatuo', { data: ['问：a', '答：c'] }, ['a', 'c']],
    [
      'rows, whatever else there is',
      { human: 'a', assistant: 'c', instruction: 'x', output: 'y', messages: [] },
      ['a', 'c'],
    ],
  ])('%s is recognized by its columns', async (_, record, row) => {
    expect(await found('rows.jsonl', jsonLines([record]))).toMatchObject({ rows: [row] });
  });

  test('columns set by the param are used, without trying other formats', async () => {
    const text = 'Frage;Antwort;human;assistant\na;b;c;d\n';
    expect(await found('rows.csv', text, { columns: { human: 'Frage', assistant: 'Antwort' } })).toEqual({
      rows: [['a', 'b']],
      read: ['CSV separated by semicolons; "Frage" and "Antwort"'],
    });
    expect(await found('rows.csv', csv, { columns: { human: 'Frage', assistant: 'Antwort' } })).toMatchObject(
      {
        rows: [],
        dropped: [expect.stringContaining('it lacks "Frage", "Antwort"; found ["human","assistant"]')],
      },
    );
    expect(await found('rows.csv', 'a,b\n1,2\n')).toMatchObject({
      dropped: [expect.stringContaining('name the columns with the param `columns`')],
    });
  });

  test('later turns are counted, or rows of their own; a bad one costs only itself', async () => {
    const record = {
      messages: chat([
        ['user', 'a'],
        ['assistant', 'b'],
        ['user', 'c'],
        ['assistant', ''],
        ['user', 'e'],
        ['user', 'f'],
        ['assistant', 'g'],
      ]),
    };
    expect(await found('rows.jsonl', jsonLines([record]))).toMatchObject({
      rows: [['a', 'b']],
      laterExchanges: 2,
    });
    expect(await found('rows.jsonl', jsonLines([record]), { turns: 'each' })).toEqual({
      rows: [
        ['a', 'b'],
        ['e', 'g'],
      ],
      dropped: ['empty turn: "assistant" is empty'],
      read: ['JSON Lines; conversations in "messages"'],
    });
  });

  test('fields used by a split are kept unchanged', async () => {
    const text =
      '{"human":"a","assistant":"b","patient":12345678901234567890}\n' +
      '{"human":"a","assistant":"b","patient":12345678901234567891}\n' +
      '{"human":"a","assistant":"b","patient":null}\n';
    await writeFile(join(folder, 'rows.jsonl'), text);
    const raw = await readRaw(join(folder, 'rows.jsonl'), {
      format: 'rows',
      onBadRow: 'skip',
      labels: { groups: 'patient' },
    });
    expect(raw).toMatchObject({
      ok: true,
      value: {
        labels: { groups: ['12345678901234567890', '12345678901234567891'] },
        dropped: [
          {
            examples: [
              {
                line: 3,
                message: expect.stringContaining('expected the field "patient" (named in the params)'),
              },
            ],
          },
        ],
      },
    });
  });
});

describe('Parquet', () => {
  const three = [
    ['Is tea good for a cold?', 'It soothes.'],
    ['感冒吃什么？', '多喝水。'],
    ['Rest\nor work?', 'Rest, "always".'],
  ];

  test('every codec and layout gives the same rows', async () => {
    const names = (await readdir(golden)).toSorted();
    expect(names).toHaveLength(9);
    for (const name of names) expect(await outcome(join(golden, name)), name).toMatchObject({ rows: three });
  });

  test('a damaged file is one problem', async () => {
    expect(await found('x.parquet', 'PAR1 no PAR1')).toMatch(/^is not a Parquet file that can be read/);
  });
});

describe('files of other kinds', () => {
  test.each([
    ['x.xlsx', /`python -c 'import .*pandas.read_excel\("\/x.xlsx"\).to_csv\("\/x.csv", index=False\)'`$/],
    [`it's $5 "a".xlsx`, /read_excel\("\/it'\\''s \$5 \\"a\\".xlsx"\)/],
    ['x.feather', /^is an Arrow \(Feather\) file.*feather/],
    ['x.arrow', /^is an Arrow/],
    ['x.zip', /`unzip \/x.zip`$/],
    ['it is $5.zip', /`unzip '\/it is \$5.zip'`$/],
    ['x.csv.zst', /zstd -d/],
    ['x.txt', /^does not end in \.csv, .*\.json or \.parquet, with or without \.gz$/],
  ])('%s is refused with what to do', async (name, message) => {
    expect(await found(name, 'x')).toMatch(message);
  });

  test('a name that contradicts the content', async () => {
    expect(await found('x.csv', gzipSync(csv))).toMatchObject({ rows });
    expect(await found('x.csv', 'PK\x03\x04')).toMatch(/spreadsheet or a zip archive.*read_excel/);
    expect(await found('x.csv', 'ARROW1')).toMatch(/Arrow.*feather/);
    expect(await found('x.csv.gz', gzipSync(csv.repeat(500)).subarray(0, 40))).toMatch(/cannot be unpacked/);
  });

  test('in a folder they are listed with the reason, hidden files too', async () => {
    await mkdir(join(folder, 'deep'));
    for (const name of ['.x.csv', 'README.md', 'deep/x.xlsx']) await writeFile(join(folder, name), 'x');
    await writeFile(join(folder, 'deep', 'rows.csv'), csv);
    const raw = await readRaw(folder, { format: 'rows', onBadRow: 'skip' });
    expect(raw).toMatchObject({
      ok: true,
      value: {
        notRead: [
          { path: join(folder, '.x.csv'), reason: 'is a hidden file' },
          { path: join(folder, 'README.md'), reason: expect.stringMatching(/^does not end in/) },
          { path: join(folder, 'deep/x.xlsx'), reason: expect.stringMatching(/spreadsheet/) },
        ],
        files: [{ path: join(folder, 'deep/rows.csv'), rows: 2 }],
      },
    });
  });
});
