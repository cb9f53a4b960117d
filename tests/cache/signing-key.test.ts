import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSigningKey, readSigningKey } from '../../src/runner/cache/remote/signing-key.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a key is read through a symbolic link, as a mounted secret is one; its own mode counts', () => {
  const key = join(folder, 'key.pem');
  const link = join(folder, 'link.pem');
  const made = makeSigningKey(key);
  symlinkSync(key, link);
  const read = readSigningKey({ kind: 'file', path: link });
  expect(read.ok && read.value?.signer).toBe(made.ok && made.value.signer);
  chmodSync(key, 0o640);
  expect(readSigningKey({ kind: 'file', path: link })).toEqual({
    ok: false,
    error: expect.stringContaining('can be read by other users: run `chmod 600`'),
  });
});
