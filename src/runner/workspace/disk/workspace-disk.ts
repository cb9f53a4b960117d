import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  fsync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import type { Digest } from '../../../files/digest.ts';
import { type Disk, realDisk } from '../../../files/disk.ts';
import { makeFolder } from '../../../files/make-folder.ts';
import { syncFileSystem } from '../../../files/sync-file-system.ts';
import { type CopiedFile, copyHashed, digestOfFile } from './file-bytes.ts';

/**
 * The disk operations of the runner. Tests replace it by a twin that records the order of the calls or lets
 * one of them fail. Metadata calls are synchronous: a run with nothing to do makes thousands of them, of a
 * few microseconds each. Calls that move bytes are asynchronous.
 */
export interface WorkspaceDisk extends Disk {
  /** The stats of a path, links not followed; undefined: it does not exist. */
  lstat(path: string): BigIntStats | undefined;
  /** The same, links followed. */
  stat(path: string): BigIntStats | undefined;
  /** The names in a folder, sorted; a name that is not UTF-8 is an error. */
  list(folder: string): readonly string[];
  readLink(path: string): string;
  /** The path with every link in it followed. */
  realPath(path: string): string;
  /**
   * The SHA-256 of a file's bytes, in constant memory. Aborts with the signal: a large file takes minutes.
   */
  digest(path: string, signal?: AbortSignal): Promise<Digest>;
  /** Creates a folder and those above it; an existing folder is no error. */
  makeFolder(path: string): void;
  makeLink(path: string, target: string): void;
  setMode(path: string, mode: number): void;
  /** Copies a file's bytes into a new file, sharing the blocks where the file system can. */
  copy(from: string, to: string): Promise<void>;
  /** The same, with this mode; returns the digest of the written bytes. Aborts with the signal. */
  copyHashed(from: string, to: string, mode: number, signal?: AbortSignal): Promise<CopiedFile>;
  /**
   * Like `sync` for every file and folder on the file system of this path, in one call; false: that cannot be
   * had here.
   */
  syncAll(path: string): Promise<boolean>;
}

/** The disk of this machine. */
export const workspaceDisk: WorkspaceDisk = {
  ...realDisk,
  lstat: (path) => ifPresent(() => lstatSync(path, { bigint: true, throwIfNoEntry: false })),
  stat: (path) => ifPresent(() => statSync(path, { bigint: true, throwIfNoEntry: false })),
  list: (folder) => names(folder),
  readLink: (path) => readlinkSync(path),
  realPath: (path) => realpathSync.native(path),
  digest: digestOfFile,
  makeFolder: (path) => {
    makeFolder(path);
  },
  makeLink: (path, target) => symlinkSync(target, path),
  setMode: (path, mode) => chmodSync(path, mode),
  async sync(path) {
    const file = openSync(path, 'r');
    try {
      await syncFile(file);
    } finally {
      closeSync(file);
    }
  },
  // One call of a few microseconds, which a thread of its own would make dearer.
  async rename(from, to) {
    renameSync(from, to);
  },
  copyHashed,
  syncAll: syncFileSystem,
  copy: (from, to) => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE),
};

const syncFile = promisify(fsync);

/**
 * A path below a file, or through a cycle of links, does not exist; Node reports an error (ENOTDIR, ELOOP)
 * for it even where it accepts a missing entry.
 */
function ifPresent<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ELOOP'))
      return undefined;
    throw error;
  }
}

/** A folder that could not be listed: it has a name that no JSON and no SQLite text can hold. */
class ForeignName extends Error {
  readonly code = 'EILSEQ';
  readonly syscall = 'scandir';
}

function names(folder: string): readonly string[] {
  const found = readdirSync(folder);
  // Names that are not UTF-8 come back with U+FFFD: only then is it worth asking for the bytes.
  if (found.some((name) => name.includes('\ufffd'))) {
    const foreign = readdirSync(folder, { encoding: 'buffer' }).find((name) => !isUtf8(name));
    if (foreign !== undefined)
      throw new ForeignName(
        `${folder} holds a name that is not UTF-8 (${JSON.stringify(foreign.toString('latin1'))} in ` +
          'Latin-1): rename it',
      );
  }
  return found.sort();
}
