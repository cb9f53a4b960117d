import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { tableExporter, type TableFormat } from '../../src/tracking/tables/table-exporter.ts';
import type { TrackerRun } from '../../src/tracking/tracker-run.ts';
import { sampleRun } from './sample-run.ts';

async function exported(format: TableFormat, ...runs: readonly TrackerRun[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tables-'));
  for (const run of runs) {
    const written = await tableExporter(folder, format).write(run);
    if (!written.ok) throw new Error(written.error);
  }
  return folder;
}

const fileOf = (folder: string, table: string, format: TableFormat): Buffer =>
  readFileSync(join(folder, table, `${sampleRun.id}.${format}`));

const own = { id: sampleRun.id, model: 'train[aimc,lora]' };

test('CSV: every value can be read back', async () => {
  const folder = await exported('csv', sampleRun);
  const read = (table: string): unknown => parse(fileOf(folder, table, 'csv'), { columns: true });
  expect(read('models')).toEqual([
    {
      ...own,
      key: sampleRun.key,
      run: sampleRun.group,
      started: '2027-01-15T08:00:00.000Z',
      finished: '2027-01-15T08:01:00.000Z',
      device: sampleRun.device,
    },
  ]);
  expect(read('series')).toMatchObject([
    { name: 'loss', step: '1', value: '2.5', at: '2027-01-15T08:00:01.000Z' },
    { name: 'loss', step: '2', value: 'NaN' },
    { name: 'loss', step: '3', value: 'Infinity', at: '' },
    { name: 'evaluation loss', step: '3', value: '-0.125' },
  ]);
  expect(read('metrics')).toMatchObject([
    { value: '3' },
    { value: '0.25' },
    {},
    { value: '9007199254740993' },
  ]);
  expect(read('predictions')).toMatchObject([
    { ...own, row: '1', 'row.id': '7', question: 'a "b", c', prediction: 'x\ny', isRight: 'true', odd: '1' },
    { ...own, row: '2', 'row.id': '8', question: '问题 ✓', prediction: '=1+1', score: 'NaN', isRight: '' },
  ]);
  expect(read('params')).toMatchObject([{ name: 'rate', value: '0.002' }, {}, {}, { value: '' }, {}, {}]);
});

test('JSON Lines: numbers stay numbers, missing values are absent', async () => {
  const folder = await exported('jsonl', sampleRun);
  const lines = (table: string): readonly string[] =>
    fileOf(folder, table, 'jsonl').toString().trimEnd().split('\n');
  expect(lines('metrics')[3]).toContain('"value":9007199254740993');
  expect(JSON.parse(lines('series')[1] ?? '')).toMatchObject({ step: 2, value: 'NaN' });
  expect(JSON.parse(lines('series')[2] ?? '')).not.toHaveProperty('at');
  expect(JSON.parse(lines('params')[0] ?? '')).toEqual({ ...own, name: 'rate', value: 0.002 });
});

test('Parquet: numbers, times and texts have their types', async () => {
  const folder = await exported('parquet', sampleRun);
  const read = (table: string) => {
    const { buffer, byteOffset, length } = fileOf(folder, table, 'parquet');
    return parquetReadObjects({ file: buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer });
  };
  expect(await read('series')).toEqual([
    { ...own, name: 'loss', step: 1n, value: 2.5, at: new Date(1_800_000_001_000) },
    { ...own, name: 'loss', step: 2n, value: Number.NaN, at: new Date(1_800_000_002_000) },
    { ...own, name: 'loss', step: 3n, value: Infinity, at: null },
    { ...own, name: 'evaluation loss', step: 3n, value: -0.125, at: new Date(1_800_000_003_000) },
  ]);
  expect((await read('predictions')).map(({ isRight, odd, score }) => [isRight, odd, score])).toEqual([
    [true, '1', 0.5],
    [null, 'a', Number.NaN],
  ]);
});

test.each(['csv', 'jsonl', 'parquet'] as const)(
  '%s: exported again, a model replaces its own files and no others, bit for bit',
  async (format) => {
    const other = { ...sampleRun, id: 'fedcba9876543210' };
    const once = await exported(format, sampleRun, other);
    const twice = await exported(format, sampleRun, other, { ...sampleRun, metrics: [] }, sampleRun);
    for (const table of ['models', 'params', 'metrics', 'series', 'predictions']) {
      expect(readdirSync(join(twice, table)).sort()).toEqual([
        `${sampleRun.id}.${format}`,
        `${other.id}.${format}`,
      ]);
      expect(fileOf(twice, table, format).equals(fileOf(once, table, format))).toBe(true);
    }
  },
);

test('a model without series or answers has empty tables, replacing earlier ones', async () => {
  const folder = await exported('csv', sampleRun, { ...sampleRun, series: {}, predictions: [] });
  expect(fileOf(folder, 'series', 'csv').toString()).toBe('id,model,name,step,value,at\r\n');
  expect(fileOf(folder, 'predictions', 'csv').toString()).toBe('id,model,source,instance,row\r\n');
});
