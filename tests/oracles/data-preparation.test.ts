import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { csvRecords } from '../../stages/formats/csv-records.ts';
import { jsonRecords } from '../../stages/formats/json-records.ts';
import type { RawFormat } from '../../stages/formats/raw-forms.ts';
import { columnsOf, gatherRows } from '../../stages/formats/raw-rows.ts';
import type { ChooseColumns, RawItem } from '../../stages/formats/raw-record.ts';
import { leaksOf } from '../../src/ml/dataset/leakage.ts';
import type { Row } from '../../src/ml/dataset/row.ts';
import { testSplit } from '../../src/ml/dataset/split.ts';

const places = [
  join(process.env['ORACLES'] ?? '../shared/oracles', '../reference'),
  join(process.env['SHARED'] ?? '../shared', 'reference'),
];
const find = (name: string): string | undefined =>
  places.map((place) => join(place, name)).find((path) => existsSync(path));

/**
 * The reference holds prepared rows only, so raw records are made from them: what is taken out is put back
 * in.
 */
describe('the preparation of raw records gives the text of the reference rows', () => {
  const aimc = find('aimc_test.jsonl');
  const huatuo = find('huatuo_test.jsonl');

  test.skipIf(aimc === undefined)('AIMC, as CSV and as JSON Lines', () => {
    const rows = readRows(aimc);
    const records = rows.map(rawAimc);
    const csv = [Object.keys(records[0] ?? {}), ...records.map((record) => Object.values(record))]
      .map((fields) => fields.map(quoted).join(','))
      .join('\r\n');
    expect(prepared(csvRecords(Buffer.from(csv), chooseAimc), 'aimc')).toEqual(rows);
    expect(prepared(jsonRecords(jsonLines(records)), 'aimc')).toEqual(rows);
  });

  test.skipIf(huatuo === undefined)('Huatuo, in both notations', () => {
    const rows = readRows(huatuo);
    const shareGpt = rows.map(({ human, assistant }) => ({
      conversations: [
        { from: 'human', value: human },
        { from: 'gpt', value: assistant },
      ],
    }));
    expect(prepared(jsonRecords(jsonLines(shareGpt)), 'huatuo')).toEqual(rows);
    const marked = rows.map(({ human, assistant }) => ({ data: [`问：${human}`, `答：${assistant}`] }));
    expect(prepared(jsonRecords(jsonLines(marked)), 'huatuo')).toEqual(rows);
  });

  for (const [name, path] of Object.entries({ aimc, huatuo })) {
    test.skipIf(path === undefined)(`${name}: rows that a split puts on both sides are found`, () => {
      const texts = readRows(path).map(({ human }) => human);
      const { heldOut, kept } = testSplit(texts.length, 0.1, 42);
      const [asked, train] = [heldOut.map((row) => texts[row] ?? ''), kept.map((row) => texts[row] ?? '')];
      const known = new Set(train);
      const rowOf = (human: string) => ({ human, assistant: '' });
      const leaks = leaksOf(asked.map(rowOf), train.map(rowOf));
      const [exact, near] = [true, false].map((isSame) =>
        leaks.filter(({ kind }) => (kind === 'same') === isSame),
      );
      expect(exact?.map((leak) => leak.row)).toEqual(
        asked.flatMap((text, index) => (known.has(text) ? [index] : [])),
      );
      expect(near?.every((leak) => !known.has(asked[leak.row] ?? ''))).toBe(true);
      const shouted = asked.map((text) => `${text.toUpperCase()}!`);
      expect(leaksOf(shouted.map(rowOf), asked.map(rowOf)).map(({ kind }) => kind)).toEqual(
        asked.map(() => 'normalised'),
      );
    });
  }
});

const chooseAimc: ChooseColumns = (names) => {
  const columns = columnsOf({ format: 'aimc' }, names);
  return columns.ok ? columns : { ok: false, error: { kind: 'bad', ...columns.error } };
};

function prepared(
  { name, items }: { readonly name: string; readonly items: Iterable<RawItem> },
  format: RawFormat,
): readonly Row[] {
  const { rows, dropped, repaired } = gatherRows([{ path: 'raw', encoding: name, items }], { format });
  expect({ dropped, repaired }).toEqual({ dropped: [], repaired: [] });
  return rows;
}

function rawAimc(
  { human, assistant }: Row,
  index: number,
): Readonly<Record<'Description' | 'Patient' | 'Doctor', string>> {
  const border = human.indexOf(' ', human.length / 4);
  const [greeting, answer] = [
    ['Hi doctor,', 'Hello doctor, '][index % 2] ?? '',
    ['Hello. ', 'Hi. ', 'Hello, '][index % 3] ?? '',
  ];
  return {
    Description: `Q. ${human.slice(0, border)}`,
    Patient: greeting + human.slice(border + 1),
    Doctor: answer + assistant,
  };
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const jsonLines = (values: readonly unknown[]): Buffer =>
  Buffer.from(values.map((value) => JSON.stringify(value)).join('\n'));

/** Split at "\n" only. */
const readRows = (path: string | undefined): readonly Row[] =>
  path === undefined
    ? []
    : readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
