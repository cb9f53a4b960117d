import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf, digestOfFile, parseDigest } from '../../src/files/digest.ts';

/** FIPS 180-4, the example "abc". */
const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

test('bytes, text and a file of the same bytes have the same digest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  await writeFile(join(folder, 'a'), 'abc');
  expect(digestOf('abc')).toBe(abc);
  expect(digestOf(Buffer.from('abc'))).toBe(abc);
  expect(await digestOfFile(join(folder, 'a'))).toEqual({ ok: true, value: abc });
  expect(await digestOfFile(join(folder, 'b'))).toMatchObject({ ok: false });
  await rm(folder, { recursive: true });
});

test('only 64 lower-case hex digits are a digest', () => {
  expect(parseDigest(abc)).toEqual({ ok: true, value: abc });
  for (const text of ['', abc.slice(1), abc.toUpperCase(), `${abc}\n`, `${abc}0`])
    expect(parseDigest(text).ok).toBe(false);
});
