import { dirname } from 'node:path';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { Result } from '../../result.ts';
import { tryLock } from '../store/lock.ts';
import { connect, isSqliteError } from '../store/database/open-store.ts';

/**
 * Takes a lock that the kernel releases when its holder ends in any way: SQLite's lock on a database that is
 * never written to. Returns the release function; undefined: it is held, by another process or by this one.
 */
export function tryFileLock(path: string): Result<(() => void) | undefined, FileProblem> {
  try {
    makeFolder(dirname(path));
    const database = connect(path, { timeout: 0 });
    try {
      if (tryLock(database))
        return {
          ok: true,
          value: () => {
            database.close();
          },
        };
      database.close();
      return { ok: true, value: undefined };
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    return {
      ok: false,
      error: isSqliteError(error)
        ? { path, message: `cannot be locked (${error.code})` }
        : fileProblem(path, error),
    };
  }
}
