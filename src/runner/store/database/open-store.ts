import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { failedPath, fileProblem, fileProblemText } from '../../../files/file-problem.ts';
import { makeFolder } from '../../../files/make-folder.ts';
import type { Result } from '../../../result.ts';
import { notAFolder } from '../../workspace/disk/not-a-folder.ts';
import { workspaceDisk } from '../../workspace/disk/workspace-disk.ts';
import { keepStatements } from './keep-statements.ts';
import { loadSqlite } from './load-sqlite.ts';
import { migrations, schemaVersion } from './schema.ts';

/** The rows of a project. The files of this room are the only ones that write SQL. */
export interface Store {
  readonly database: Sqlite.Database;
  /** Where they are, also while they are only read and none are there yet. */
  readonly file: string;
  /** Whether writes are permanent: not if the rows are in memory, since the project is only read. */
  readonly isKept: boolean;
  /** A prepared statement; each text is prepared once. */
  sql(text: string): Sqlite.Statement<unknown[]>;
  /** Whether its file is still the one that was opened. */
  isInPlace(): boolean;
  close(): void;
}

/** The file of the rows that are kept in a folder. */
export const storeFileIn = (folder: string): string => join(folder, 'pipeline.sqlite');

/** Why a store cannot be used, in words; its content is left unchanged. */
export type StoreFault =
  | { readonly kind: 'damaged'; readonly message: string }
  /** It may not be written here, or the disk is full or fails. */
  | { readonly kind: 'disk'; readonly message: string; readonly help: string };

/** Opens the store for writing: creates it if it does not exist, and migrates an older one. */
export function openStore(file: string): Result<Store, StoreFault> {
  const refusal =
    folderFault(file) ??
    refusalToWrite(file, () => {
      makeFolder(dirname(file));
    });
  return refusal === undefined
    ? opened(file, () => connect(file, { timeout: 10_000 }), true)
    : { ok: false, error: refusal };
}

/**
 * Opens the store for commands that only read the project. If it does not exist or is not writable, nothing
 * is created: its rows, if any, are in memory then. If it is writable, what the command hashed is stored for
 * the next one.
 */
export function openStoreToRead(file: string): Result<Store, StoreFault> {
  const fault = folderFault(file);
  if (fault !== undefined) return { ok: false, error: fault };
  if (!existsSync(file)) return opened(file, () => connect(':memory:', {}), false);
  if (refusalToWrite(file) === undefined) {
    const kept = openStore(file);
    // Reading alone must need no space on the disk.
    if (kept.ok || kept.error.kind !== 'disk') return kept;
  }
  return opened(file, () => inMemory(rowsOf(file)), false);
}

function opened(file: string, open: () => Sqlite.Database, isKept: boolean): Result<Store, StoreFault> {
  let database: Sqlite.Database | undefined;
  try {
    database = open();
    // Readers never block writers, and writers never block readers.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    const version = Number(database.pragma('user_version', { simple: true }));
    if (version > schemaVersion) {
      database.close();
      return {
        ok: false,
        error: {
          kind: 'damaged',
          message:
            `${file} was written by a newer version of this program (schema ${version}, supported up ` +
            `to ${schemaVersion}): use that version, or delete the cache folder`,
        },
      };
    }
    if (version < 0 || (version === 0 && hasTables(database))) {
      database.close();
      return {
        ok: false,
        error: {
          kind: 'damaged',
          message:
            `${file} has the schema version ${version}, which no version of this program writes: move ` +
            'the file away, and results will be computed again',
        },
      };
    }
    if (version < schemaVersion) migrate(database);
  } catch (error) {
    database?.close();
    return {
      ok: false,
      error: storeFault(file, error, 'move the file away: results will be computed again'),
    };
  }
  return { ok: true, value: storeOf(database, file, isKept) };
}

/**
 * SQLite's message for a file that it cannot use. `advice`: what to do with a damaged one. Any other error is
 * thrown again.
 */
export function storeFault(file: string, error: unknown, advice: string): StoreFault {
  if (!isSqliteError(error)) throw error;
  const message = `${file}: ${error.message} (${error.code})`;
  if (/^SQLITE_(READONLY|PERM)/.test(error.code)) return { kind: 'disk', message, help: writeHelp };
  // A disk that is full, or fails, does not invalidate existing data.
  if (isFullDisk(error))
    return { kind: 'disk', message: `${file}: the disk is full (${error.code})`, help: roomHelp };
  if (error.code.startsWith('SQLITE_IOERR'))
    return { kind: 'disk', message, help: 'check the disk with `pipeline doctor`' };
  return {
    kind: 'damaged',
    message: /^SQLITE_(CORRUPT|NOTADB|CANTOPEN)/.test(error.code) ? `${message}; ${advice}` : message,
  };
}

/** What blocks the folder of a store; undefined: a folder, or nothing yet. */
export function folderFault(file: string): StoreFault | undefined {
  const fault = notAFolder(workspaceDisk, dirname(file));
  return fault && { kind: 'disk', message: `${dirname(file)}: ${fault.message}`, help: fault.help };
}

/** Undefined: a file can be written, or made. `prepare` comes before the check. */
function refusalToWrite(file: string, prepare: () => void = () => undefined): StoreFault | undefined {
  try {
    prepare();
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const problem = fileProblem(failedPath(error) ?? file, error);
    if (!['EACCES', 'EPERM', 'EROFS'].includes(problem.code ?? '')) throw error;
    return {
      kind: 'disk',
      message: `${fileProblemText(problem)}: results are stored there, so this project is read-only`,
      help: writeHelp,
    };
  }
}

const writeHelp =
  'run as a user with write permission there, or in a copy of the project; status, explain, graph, ' +
  'log, history, metrics, compare and run --dry-run only read';

/**
 * Returns when the write is flushed to disk; elsewhere a commit may wait for the next checkpoint of the log.
 */
export function committed(store: Store, write: () => void): void {
  store.database.pragma('synchronous = FULL');
  write();
  store.database.pragma('synchronous = NORMAL');
}

/**
 * Whether a call failed since a disk takes nothing more. Of a write-ahead log SQLite also needs an index
 * beside it, which it cannot make there.
 */
export const isFullDisk = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/.test(error.code);

export const roomHelp =
  'free some space: `gc` deletes results that no pipeline file needs; files in artifacts can ' +
  'be deleted by hand, since a run restores those that are in the cache';

/** Opens a database of SQLite. */
export function connect(
  source: string | Buffer,
  options: Pick<Sqlite.Options, 'timeout' | 'readonly'>,
): Sqlite.Database {
  const { Database, nativeBinding } = loadSqlite();
  return keepStatements(new Database(source, { ...options, nativeBinding }));
}

/** The present content of a database file that cannot be written. */
function rowsOf(file: string): Buffer {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0) return readFileSync(file);
  // Its newest rows are in the log beside it, which SQLite alone can read: with who is writing it, or, where
  // that was killed, in a copy.
  try {
    return serialized(connect(file, { readonly: true, timeout: 10_000 }));
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    const folder = mkdtempSync(join(tmpdir(), 'pipeline-rows-'));
    try {
      const copy = join(folder, basename(file));
      for (const ending of ['', '-wal']) copyFileSync(`${file}${ending}`, `${copy}${ending}`);
      return serialized(connect(copy, {}));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

function serialized(database: Sqlite.Database): Buffer {
  try {
    // For an unreadable file, serializing reports only a lack of memory.
    database.pragma('schema_version');
    return database.serialize();
  } finally {
    database.close();
  }
}

function inMemory(rows: Buffer): Sqlite.Database {
  if (rows.length === 0) return connect(':memory:', {});
  const bytes = Buffer.from(rows);
  // The versions of the file format: 2 would look for a log (sqlite.org/fileformat.html, 1.3.3).
  for (const place of [18, 19]) if (bytes[place] === 2) bytes[place] = 1;
  return connect(bytes, {});
}

const hasTables = (database: Sqlite.Database): boolean =>
  database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' LIMIT 1").get() !== undefined;

function migrate(database: Sqlite.Database): void {
  const bringUp = database.transaction(() => {
    // Another process may have been faster.
    const version = Number(database.pragma('user_version', { simple: true }));
    for (const step of migrations.slice(version)) database.exec(step);
    database.pragma(`user_version = ${schemaVersion}`);
  });
  bringUp.immediate();
}

function storeOf(database: Sqlite.Database, file: string, isKept: boolean): Store {
  const inodeNow = (): bigint | undefined => statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;
  const inode = inodeNow();
  const statements = new Map<string, Sqlite.Statement<unknown[]>>();
  return {
    database,
    file,
    isKept,
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

/**
 * Many reads in one transaction: one lock for all of them, and one state of the store. Only expendable rows
 * may be written meanwhile.
 */
export async function readTogether<T>({ database }: Store, read: () => Promise<T>): Promise<T> {
  if (database.inTransaction) return read();
  database.exec('BEGIN');
  try {
    const found = await read();
    if (database.inTransaction) database.exec('COMMIT');
    return found;
  } finally {
    // An open transaction would include, and lose, all later writes.
    if (database.inTransaction) database.exec('ROLLBACK');
  }
}

/**
 * Writes expendable rows: on a full disk, only a line of the history is lost or a file is read again, never a
 * result. Returns whether it was written. `isExpected`: the failures to ignore; any of SQLite's by default.
 */
export function unlessDiskFails(
  write: () => void,
  isExpected: (error: unknown) => boolean = isSqliteError,
): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return false;
  }
}

/** Whether an error has a code of SQLite. */
export const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  error.code.startsWith('SQLITE_');
