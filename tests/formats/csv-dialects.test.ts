import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecords } from '../../stages/formats/csv-records.ts';
import type { ChooseColumns } from '../../stages/formats/raw-record.ts';

/** Rows are made of the columns "human" and "assistant"; others are asked for by nothing. */
const choose: ChooseColumns = (names) =>
  ['human', 'assistant'].every((name) => names.includes(name))
    ? { ok: true, value: ['human', 'assistant'] }
    : { ok: false, error: { kind: 'bad', reason: 'wrong columns', detail: 'expected both' } };

const read = (text: string | Uint8Array, tabsFirst = false): readonly (readonly unknown[])[] => {
  const { items } = csvRecords(typeof text === 'string' ? Buffer.from(text) : text, choose, { tabsFirst });
  return [...items].map((item) =>
    item.kind === 'record'
      ? [item.values['human'], item.values['assistant'], ...(item.unreadable?.keys() ?? [])]
      : [item.line, item.reason],
  );
};

test.each([
  [
    'quotes inside a field without quotes',
    'human,assistant\nA 3" cut,5\'10" tall\n',
    ['A 3" cut', '5\'10" tall'],
  ],
  [
    'a field that begins with a quoted word',
    'human,assistant\n"Flu", I "think"\n"Flu" it is,"a"\n',
    ['Flu', ' I "think"'],
    ['"Flu" it is', 'a'],
  ],
  [
    'a comma in the quoted word it begins with',
    'human,assistant\n"Flu, bad" it is,a\n',
    ['"Flu, bad" it is', 'a'],
  ],
  ['a blank before and after quotes', 'human,assistant\na, "b, ""c""" \n', ['a', 'b, "c"']],
  ['a blank after every comma', 'human, assistant, more\na, b, c\n', ['a', 'b']],
  ['a blank that belongs to the text', 'human,assistant\na, b\n', ['a', ' b']],
  [
    'backslashes before quotes',
    'human,assistant\n"say \\"ah\\", now","C:\\\\x"\n',
    ['say "ah", now', 'C:\\x'],
  ],
  ['backslashes before commas', 'human,assistant\na\\, b,c\n', ['a, b', 'c']],
  [
    'a backslash at the end of a quoted field',
    'human,assistant\n"C:\\","D:\\"\n"a","b"\n',
    ['C:\\', 'D:\\'],
    ['a', 'b'],
  ],
  ['semicolons', 'x;human;assistant\n1;"a;b";c, d\n', ['a;b', 'c, d']],
  ['tabs in a .csv', 'human\tassistant\na, b\tc\n', ['a, b', 'c']],
  ['bars', 'human|assistant\na, b|c\n', ['a, b', 'c']],
  ["Excel's line of the delimiter", 'sep=;\r\nhuman;assistant\r\na;b\r\n', ['a', 'b']],
  ['names twice and no names', 'human,x,x,,,assistant,\na,1,2,3,4,b,5\n', ['a', 'b']],
  ['quoted names', '"human","assistant"\na,b\n', ['a', 'b']],
  ['more delimiters than columns', 'human,assistant\na,b,,\n', ['a', 'b']],
  ['more fields than columns', 'human,assistant\na,b,c\nd,e\n', [2, 'wrong columns'], ['d', 'e']],
  ['last columns missing', 'human,assistant,x\na,b\n', [2, 'missing last fields'], ['a', 'b']],
  ['a column missing that is needed', 'x,human,assistant\na,b\nc,d,e\n', [2, 'wrong columns'], ['d', 'e']],
  [
    'a quoted text with an unpaired quote in it',
    'human,assistant\n"take "it, now",b\nc,d\n',
    [2, 'unpaired quote'],
    ['c', 'd'],
  ],
] as const)('%s', (_, text, ...expected) => {
  expect(read(text)).toEqual(expected);
});

test('a .tsv file is separated by tabs, even if its header contains commas', () => {
  expect(read('human\tassistant\tx,y\na\tb\tc\n', true)).toEqual([['a', 'b']]);
});

test('invalid bytes cost a row only in a column that is read', () => {
  const bytes = Buffer.concat([
    Buffer.from('human,assistant,raw\na,b,'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('\n'),
    Buffer.from([0xff]),
    Buffer.from(',b,x\n'),
  ]);
  expect(read(bytes)).toEqual([
    ['a', 'b'],
    ['\uFFFD', 'b', 'human'],
  ]);
});

test('RFC 4180 files are read as by csv-parse', () => {
  const text = fc
    .array(fc.constantFrom('a', 'é', '中', ',', ';', '\t', '"', '\n', '\r\n', '\\', '\\"', ' ', "'", '""'))
    .map((parts) => parts.join(''));
  const plain = fc.array(fc.constantFrom('a', ' ', '中', '\\x', "'")).map((parts) => parts.join(''));
  const field = fc.oneof(
    text.map((value) => `"${value.replaceAll('"', '""')}"`),
    plain.filter((value) => !/^ *$/.test(value)),
  );
  const table = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(
      table,
      fc.constantFrom(',', ';', '\t'),
      fc.constantFrom('\n', '\r\n'),
      (rows, delimiter, end) => {
        const csv = [['human', 'assistant'], ...rows].map((row) => row.join(delimiter)).join(end);
        const expected: readonly unknown[] = parse(csv, {
          delimiter,
          from: 2,
          record_delimiter: ['\r\n', '\n', '\r'],
        });
        const escaped = rows.flat().some((value) => /\\["\\,;\t]/.test(value));
        if (!escaped) expect(read(csv)).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});
