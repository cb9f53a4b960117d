import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkStorage } from '../../src/runner/cache/remote/check-storage.ts';
import { RemoteFailure, type RemoteStorage } from '../../src/runner/cache/remote/remote-storage.ts';
import { makeSigningKey } from '../../src/runner/cache/remote/signing-key.ts';

test('a connection that breaks while an object is read fails that step, and the check goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'check-'));
  const key = makeSigningKey(join(folder, 'key.pem'));
  rmSync(folder, { recursive: true });
  if (!key.ok) throw new Error(key.error);
  const breaking: RemoteStorage = {
    name: 's3://bucket',
    list: async () => ({ ok: true, value: [] }),
    create: async () => ({ ok: true, value: 'created' }),
    replace: async () => ({ ok: true, value: undefined }),
    refresh: async () => ({ ok: true, value: true }),
    read: async () => ({
      ok: true,
      value: {
        size: 31,
        close: () => undefined,
        bytes: (async function* () {
          yield Buffer.from('a probe');
          throw new RemoteFailure({ kind: 'failed', message: 'the connection to s3 broke off' });
        })(),
      },
    }),
  };
  const steps = await checkStorage(breaking, key.value, new AbortController().signal);
  expect(steps.map(({ step, ok }) => [step, ok])).toEqual([
    ['list', true],
    ['write an object', true],
    ['write it once', true],
    ['read it back', false],
    ['write an entry', true],
  ]);
  expect(steps[3]?.message).toBe('the connection to s3 broke off');
});
