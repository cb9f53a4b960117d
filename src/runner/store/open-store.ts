import { mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import type { Result } from '../../result.ts';
import { migrations, schemaVersion } from './schema.ts';

/** The rows of a project. The files of this room are the only ones that write SQL. */
export interface Store {
  readonly database: Sqlite.Database;
  /** A prepared statement; each text is prepared once. */
  sql(text: string): Sqlite.Statement<unknown[]>;
  /** Whether its file is still the one that was opened. */
  isInPlace(): boolean;
  close(): void;
}

/** Why a store cannot be used, in words; what it holds is left as it is. */
export type StoreFault = { readonly kind: 'damaged'; readonly message: string };

/** Opens the store, makes it where there is none, and brings an older one up. */
export function openStore(file: string): Result<Store, StoreFault> {
  let database: Sqlite.Database | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    database = connect(file, 10_000);
    // A reader is never in the way of a writer, nor the other way round.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > schemaVersion) {
      database.close();
      return { ok: false, error: { kind: 'damaged', message: `${file} was written by a newer version of this program (schema ${version}; this one knows ${schemaVersion}): use that version, or delete the cache folder` } };
    }
    if (version < schemaVersion) migrate(database);
  } catch (error) {
    database?.close();
    if (!isSqliteError(error)) throw error;
    // A disk that is full or read-only is no reason to give up what is there.
    const advice = /^SQLITE_(CORRUPT|NOTADB|CANTOPEN)/.test(error.code) ? '; move the file away: results will be computed again' : '';
    return { ok: false, error: { kind: 'damaged', message: `${file}: ${error.message} (${error.code})${advice}` } };
  }
  return { ok: true, value: storeOf(database, file) };
}

/** Loaded when it is needed, and without the search for its native part that it makes itself. */
export function connect(file: string, timeout: number): Sqlite.Database {
  const require = createRequire(import.meta.url);
  const Database: typeof Sqlite = require('better-sqlite3');
  return new Database(file, { timeout, nativeBinding: require.resolve('better-sqlite3/build/Release/better_sqlite3.node') });
}

function migrate(database: Sqlite.Database): void {
  const bringUp = database.transaction(() => {
    // Another process may have been faster.
    const version = Number(database.pragma('user_version', { simple: true }));
    for (const step of migrations.slice(version)) database.exec(step);
    database.pragma(`user_version = ${schemaVersion}`);
  });
  bringUp.immediate();
}

function storeOf(database: Sqlite.Database, file: string): Store {
  const inodeNow = (): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
  const inode = inodeNow();
  const statements = new Map<string, Sqlite.Statement<unknown[]>>();
  return {
    database,
    sql(text) {
      const known = statements.get(text);
      if (known !== undefined) return known;
      const statement = database.prepare<unknown[]>(text);
      statements.set(text, statement);
      return statement;
    },
    isInPlace: () => inodeNow() === inode,
    close() {
      database.close();
    },
  };
}

interface SqliteError extends Error {
  readonly code: string;
}

/** Many reads in one transaction: one lock for all of them, and one state of the store. Nothing that matters may be written meanwhile. */
export async function readTogether<T>({ database }: Store, read: () => Promise<T>): Promise<T> {
  if (database.inTransaction) return read();
  database.exec('BEGIN');
  try {
    const found = await read();
    if (database.inTransaction) database.exec('COMMIT');
    return found;
  } finally {
    // What is left open would swallow all that is written from now on.
    if (database.inTransaction) database.exec('ROLLBACK');
  }
}

/**
 * Writes what a run can do without: a full disk costs a line of the history or a later reading, never a result. Gives
 * whether it was written.
 */
export function unlessDiskFails(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    return false;
  }
}

export const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_');
