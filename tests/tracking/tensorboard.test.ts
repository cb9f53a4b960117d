import { mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crc32c } from '../../src/tracking/tensorboard/crc32c.ts';
import { tensorboardExporter } from '../../src/tracking/tensorboard/tensorboard-exporter.ts';
import { tfRecord } from '../../src/tracking/tensorboard/tf-record.ts';
import { sampleRun } from './sample-run.ts';

test('checksums equal those of RFC 3720, B.4', () => {
  expect(crc32c(new Uint8Array(32)).toString(16)).toBe('8a9136aa');
  expect(crc32c(new Uint8Array(32).fill(0xff)).toString(16)).toBe('62a8ab43');
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)).toString(16)).toBe('46dd794e');
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
});

test('a record is length, checksum, bytes, checksum', () => {
  // What tensorboard 2.21 writes for b"abc".
  expect(Buffer.from(tfRecord(Buffer.from('abc'))).toString('hex')).toBe(
    '0300000000000000b099490e6162636e57f121',
  );
});

test('exporting twice leaves one folder and one file, also after renaming the instance', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tensorboard-'));
  const exporter = tensorboardExporter(folder);
  const first = await exporter.write(sampleRun);
  if (!first.ok) throw new Error(first.error);
  expect(readdirSync(folder)).toEqual([`train-aimc,lora-${sampleRun.id}`]);
  const bytes = readFileSync(first.value[0] ?? '');
  renameSync(join(folder, `train-aimc,lora-${sampleRun.id}`), join(folder, `old-${sampleRun.id}`));
  const second = await exporter.write({ ...sampleRun, params: { rate: 2 } });
  expect(readdirSync(folder)).toEqual([`old-${sampleRun.id}`]);
  expect(readdirSync(join(folder, `old-${sampleRun.id}`))).toHaveLength(1);
  expect(second.ok && readFileSync(second.value[0] ?? '').equals(bytes)).toBe(false);
});
