import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { logFile } from '../../src/tracking/wandb/log-file.ts';
import { wandbExporter } from '../../src/tracking/wandb/wandb-exporter.ts';
import { sampleRun } from './sample-run.ts';

/** The records of a log, each put together from its fragments, every checksum compared. */
function recordsIn(file: Buffer): readonly Buffer[] {
  const records: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let place = 7; place < file.length;) {
    const left = 32_768 - (place % 32_768);
    if (left < 7) {
      place += left;
      continue;
    }
    const [length, kind] = [file.readUInt16LE(place + 4), file.readUInt8(place + 6)];
    expect(length).toBeLessThanOrEqual(left - 7);
    expect(file.readUInt32LE(place)).toBe(crc32(file.subarray(place + 6, place + 7 + length)));
    expect(kind === 1 || kind === 2).toBe(parts.length === 0);
    parts.push(file.subarray(place + 7, place + 7 + length));
    if (kind === 1 || kind === 4) {
      records.push(Buffer.concat(parts));
      parts = [];
    }
    place += 7 + length;
  }
  expect(parts).toEqual([]);
  return records;
}

test('every record is read back, wherever blocks end', () => {
  const near = fc.integer({ min: 32_740, max: 32_775 });
  const size = fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    near,
    near.map((length) => 2 * length),
  );
  fc.assert(
    fc.property(fc.array(size, { maxLength: 6 }), (sizes) => {
      const records = sizes.map((length, index) => Buffer.alloc(length, index + 1));
      const file = Buffer.concat([...logFile(records)]);
      expect(recordsIn(file).map((record) => record.toString('hex'))).toEqual(
        records.map((record) => record.toString('hex')),
      );
    }),
    { numRuns: 60 },
  );
});

test('exporting twice leaves one run, with new points', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wandb-'));
  const exporter = wandbExporter(folder, 'p');
  const first = await exporter.write(sampleRun);
  if (!first.ok) throw new Error(first.error);
  const bytes = readFileSync(first.value[0] ?? '');
  await exporter.write({ ...sampleRun, startedAt: 1_900_000_000_000, metrics: [] });
  expect(readdirSync(join(folder, 'wandb'))).toEqual([`offline-run-20270115_080000-${sampleRun.id}`]);
  expect(readFileSync(first.value[0] ?? '').equals(bytes)).toBe(false);
  await exporter.write(sampleRun);
  expect(readFileSync(first.value[0] ?? '').equals(bytes)).toBe(true);
});
