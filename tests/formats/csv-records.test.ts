import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecords } from '../../stages/formats/csv-records.ts';
import type { ChooseColumns, RawItem } from '../../stages/formats/raw-record.ts';

/** Reads all columns, of which the header has to have those that are needed. */
const read = (text: string | Uint8Array, needed: readonly string[] = []): readonly RawItem[] => [
  ...csvRecords(typeof text === 'string' ? Buffer.from(text) : text, choosing(needed)).items,
];
const choosing =
  (needed: readonly string[]): ChooseColumns =>
  (names) => {
    const missing = needed.filter((name) => !names.includes(name));
    return missing.length === 0
      ? { ok: true, value: [...new Set(names)] }
      : {
          ok: false,
          error: { kind: 'bad', reason: 'wrong columns', detail: `expected ${missing.join(', ')}` },
        };
  };
const brief = (items: readonly RawItem[]): readonly string[] =>
  items.map((item) => {
    if (item.kind !== 'record') return `${item.line} ${item.reason}`;
    const [unreadable] = item.unreadable?.values() ?? [];
    return `${item.line} ${unreadable?.reason ?? Object.values(item.values).join('|')}`;
  });

test('a quoted field keeps commas, quotes and line ends; line numbers are those of the file', () => {
  expect(read('a,b\n1,"x, ""y""\nz"\n\n2,3')).toMatchObject([
    { kind: 'record', line: 2, values: { a: '1', b: 'x, "y"\nz' } },
    { kind: 'record', line: 5, values: { a: '2', b: '3' } },
  ]);
});

test('written files are read back unchanged', () => {
  const field = fc
    .array(fc.constantFrom('a', '中', '😀', ',', '"', '\n', '\r\n', '\r', ' ', '\u2028', '\uFEFF', '\0'))
    .map((parts) => parts.join(''));
  const table = fc.array(fc.tuple(field, field), { maxLength: 8 });
  fc.assert(
    fc.property(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, lineEnd, closed) => {
      const lines = [['first', 'second'], ...rows].map((row) =>
        row.map((text) => `"${text.replaceAll('"', '""')}"`).join(','),
      );
      const found = read(lines.join(lineEnd) + (closed ? lineEnd : ''));
      expect(
        found.map((item) => (item.kind === 'record' ? [item.values['first'], item.values['second']] : item)),
      ).toEqual(rows);
    }),
  );
});

test('an unclosed quote loses only its own line', () => {
  expect(brief(read('a,b\n1,2\n"3,4\n5,6\n7,8\n'))).toEqual(['2 1|2', '3 unpaired quote', '4 5|6', '5 7|8']);
});

test('a stray quote before the next opening quote loses only its line; one inside is text', () => {
  expect(brief(read('a,b\n"1,2\n"3",4\n5"6,7\n8,"9"\n'))).toEqual([
    '2 unpaired quote',
    '3 3|4',
    '4 5"6|7',
    '5 8|9',
  ]);
});

test('invalid UTF-8 and rows with too few or too many fields are bad, each with its line', () => {
  const bytes = Buffer.concat([
    Buffer.from('a,b\n1,'),
    Buffer.from([0xff]),
    Buffer.from('\n2\n3,4,5\n6,7\n'),
  ]);
  expect(brief(read(bytes))).toEqual(['2 not UTF-8', '3 wrong columns', '4 wrong columns', '5 6|7']);
});

test('a byte order mark and mixed line ends are reported, and lose nothing', () => {
  expect(brief(read('\uFEFFa,b\r\n1,2\r\n3,4\n5,6\r7,8'))).toEqual([
    '1 byte order mark',
    '2 1|2',
    '3 mixed line ends',
    '3 3|4',
    '4 mixed line ends',
    '4 5|6',
    '5 7|8',
  ]);
  expect(read('\uFEFFa,b\n1,2')[1]).toMatchObject({ values: { a: '1' } });
});

test('an endless field is given up, and the lines after its first are read', () => {
  const endless = `a,b\n1,"${'x'.repeat(1 << 24)}\n2,3\n`;
  expect(brief(read(endless))).toEqual(['2 record too long', '3 2|3']);
});

test.each([
  ['a column named twice', 'a,b,a\n', 'wrong columns', /it names "a" twice/],
  ['a column missing', 'a:b\n', 'wrong columns', /expected a, b/],
  ['a quote left open', '"a,b\n', 'unpaired quote', /no closing quote/],
  ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0x2c, 0x62, 0x0a]), 'not UTF-8', /field 1/],
])('a header with %s is the only fault of its file: no row is read', (_, header, reason, detail) => {
  const found = read(Buffer.concat([Buffer.from('\n'), Buffer.from(header), Buffer.from('1,2,3\n4,5,6\n')]), [
    'a',
    'b',
  ]);
  expect(found).toEqual([{ kind: 'bad', line: 2, reason, detail: expect.stringMatching(detail) }]);
  expect(found[0]).toMatchObject({
    detail: expect.stringMatching(/^no row was read, because the header is not usable/),
  });
});

test('a column named like a member of Object.prototype is an ordinary column', () => {
  expect(read('__proto__,constructor\n1,2')).toMatchObject([
    {
      kind: 'record',
      line: 2,
      values: Object.fromEntries([
        ['__proto__', '1'],
        ['constructor', '2'],
      ]),
    },
  ]);
});

test('any bytes give items with ascending lines, and terminate', () => {
  const noise = fc
    .array(fc.constantFrom(0x22, 0x2c, 0x0a, 0x0d, 0x61, 0xff, 0xef, 0xbb, 0xbf, 0x00))
    .map((bytes) => Uint8Array.from(bytes));
  fc.assert(
    fc.property(noise, (bytes) => {
      const lines = read(bytes).map((item) => item.line);
      expect(lines).toEqual(lines.toSorted((a, b) => a - b));
    }),
    { numRuns: 1000 },
  );
});
