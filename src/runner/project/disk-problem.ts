import type { Result } from '../../result.ts';
import type { Problem } from '../answers/problem.ts';
import { diskMessage } from '../store/database/disk-message.ts';
import { isFullDisk, isSqliteError, roomHelp } from '../store/database/open-store.ts';

/**
 * The problem of a failed call: the store is damaged, or the disk failed. Any other error is a bug and is
 * thrown again.
 */
export function diskProblem(error: unknown): Problem {
  const message = diskMessage(error);
  if (!isSqliteError(error) || !/^SQLITE_(CORRUPT|NOTADB)/.test(error.code))
    return { kind: 'disk', message, ...(isFullDisk(error) ? { help: roomHelp } : {}) };
  return { kind: 'damaged', message: `${message}; move the file away: results will be computed again` };
}

/** A disk that fails on the way, or a store that turns out to be damaged, is an answer too. */
export async function orDiskProblem<T>(
  answer: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  try {
    return await answer();
  } catch (error) {
    return { ok: false, error: diskProblem(error) };
  }
}
