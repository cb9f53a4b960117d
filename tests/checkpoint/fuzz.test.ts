import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isTorchName } from '../../src/ml/checkpoint/torch-state.ts';
import { unpickle } from '../../src/ml/checkpoint/unpickle.ts';
import { readZipDirectory } from '../../src/ml/checkpoint/zip-directory.ts';
import { fuzzFile, fuzzHeader, fuzzPickle } from './fuzz.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { valueOf } from './value-of.ts';

const golden = (name: string): string => join(import.meta.dirname, '../golden/checkpoint', name);

test('4,000 damaged headers are refused or harmless', () => {
  const bytes = readFileSync(golden('every-type.safetensors'));
  const end = 8 + Number(bytes.readBigUInt64LE());
  const { accepted, refused } = fuzzHeader(bytes.subarray(8, end), bytes.length - end, 4000, 1);
  expect(accepted).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(2000);
});

test('4,000 damaged pickles are refused or harmless', async () => {
  const bytes = readFileSync(golden('views.zip.bin'));
  const place = valueOf(await readZipDirectory(golden('views.zip.bin'), bytes.length)).get(
    'views.zip/data.pkl',
  );
  const pickle = bytes.subarray(place?.start, (place?.start ?? 0) + (place?.size ?? 0));
  expect(unpickle(pickle, isTorchName).ok).toBe(true);
  const { accepted, refused } = fuzzPickle(pickle, 4000, 2);
  expect(accepted).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(2000);
});

test.each(['every-type.safetensors', 'views.zip.bin', 'views.legacy.bin'])(
  '200 damaged copies of %s are refused or read',
  async (name) => {
    const { accepted, refused } = await fuzzFile(golden(name), await temporaryFolder(), 200, 3);
    expect(accepted + refused).toBe(200);
    expect(refused).toBeGreaterThan(40);
  },
);
