import type Sqlite from 'better-sqlite3';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Result } from '../../result.ts';
import {
  connect,
  isSqliteError,
  type Store,
  storeFault,
  type StoreFault,
  unlessDiskFails,
} from './database/open-store.ts';
import { rowOf } from './database/row.ts';

/** Held by the one run that may write. */
interface Lock {
  release(): void;
}

interface Busy {
  readonly kind: 'busy';
  readonly pid: number | undefined;
  readonly since: number | undefined;
}

/**
 * Takes the project's lock, and waits for it as long as requested. It is a lock of the operating system on a
 * separate database that is never written to, so the kernel releases it when the holder ends in any way:
 * there is no stale lock, and no process id that could be reused. The row in the store only identifies the
 * holder. `folder`: that of the project's rows, where these are those of a smoke run.
 */
export async function takeLock(
  store: Store,
  waitSeconds: number,
  signal: AbortSignal,
  folder = dirname(store.file),
): Promise<Result<Lock, Busy | StoreFault>> {
  const database = await locked(join(folder, 'lock.sqlite'), waitSeconds, signal);
  if (!database.ok) return database;
  if (database.value === undefined) return { ok: false, error: await holderOf(store) };
  unlessDiskFails(() =>
    store
      .sql('INSERT OR REPLACE INTO holder (one, pid, since) VALUES (1, ?, ?)')
      .run(process.pid, Date.now()),
  );
  return {
    ok: true,
    value: {
      release() {
        unlessDiskFails(() => store.sql('DELETE FROM holder').run());
        database.value?.close();
      },
    },
  };
}

/** Undefined: another process held it all the time. */
async function locked(
  lockFile: string,
  waitSeconds: number,
  signal: AbortSignal,
): Promise<Result<Sqlite.Database | undefined, StoreFault>> {
  const deadline = Date.now() + waitSeconds * 1000;
  let database: Sqlite.Database | undefined;
  try {
    database = connect(lockFile, { timeout: 0 });
    while (!tryLock(database)) {
      if (Date.now() >= deadline || signal.aborted) {
        database.close();
        return { ok: true, value: undefined };
      }
      await setTimeout(pollMilliseconds, undefined, { signal }).catch(() => undefined);
    }
    return { ok: true, value: database };
  } catch (error) {
    database?.close();
    return { ok: false, error: storeFault(lockFile, error, 'it is empty: remove it') };
  }
}

const pollMilliseconds = 50;

/**
 * Whether an exclusive lock could be taken. Without a journal, which needs space: a process that waits for
 * space on a full disk has to take the lock, too.
 */
export function tryLock(database: Sqlite.Database): boolean {
  try {
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isSqliteError(error) && error.code.startsWith('SQLITE_BUSY')) return false;
    throw error;
  }
}

/**
 * The holder of the lock. A new holder may not have written its name yet, or may be about to replace that of
 * a killed one: it gets a second.
 */
async function holderOf(store: Store): Promise<Busy> {
  for (let polls = 0; polls < 20; polls++) {
    const row = rowOf(store.sql('SELECT pid, since FROM holder').get());
    if (row !== undefined && isAlive(row.number('pid')))
      return { kind: 'busy', pid: row.number('pid'), since: row.number('since') };
    await setTimeout(pollMilliseconds);
  }
  return { kind: 'busy', pid: undefined, since: undefined };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
