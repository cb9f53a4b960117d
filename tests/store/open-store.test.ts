import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../src/runner/store/lock.ts';
import { openStore, readTogether, type Store } from '../../src/runner/store/database/open-store.ts';

let folder: string;
let store: Store;

function opened(): Store {
  const found = openStore(join(folder, 'pipeline.sqlite'));
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-'));
  store = opened();
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

test('reads that fail to end leave no transaction open: later writes are visible', async () => {
  const { exec } = store.database;
  store.database.exec = (text) => {
    if (text === 'COMMIT') throw new Error('disk I/O error');
    return exec.call(store.database, text);
  };
  await expect(readTogether(store, async () => store.sql('SELECT pid FROM holder').get())).rejects.toThrow(
    'disk I/O error',
  );
  store.database.exec = exec;
  await expect(readTogether(store, () => Promise.reject(new Error('while it read')))).rejects.toThrow(
    'while it read',
  );
  store.sql('INSERT INTO holder (one, pid, since) VALUES (1, 2, 3)').run();
  const other = opened();
  expect(other.sql('SELECT pid FROM holder').get()).toEqual({ pid: 2 });
  other.close();
});

test.skipIf(process.platform !== 'linux')(
  'a lock that is not a database is reported, and not kept open',
  async () => {
    const lockFile = join(folder, 'lock.sqlite');
    writeFileSync(lockFile, 'something else, and more of it than a header');
    const taken = await takeLock(store, 0, new AbortController().signal);
    expect(taken).toMatchObject({ ok: false, error: { kind: 'damaged' } });
    expect(openFiles()).not.toContain(lockFile);
  },
);

function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return '';
    }
  });
}
