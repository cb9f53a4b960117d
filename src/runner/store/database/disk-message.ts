import { failedPath, fileProblem, fileProblemText } from '../../../files/file-problem.ts';
import { isSqliteError } from './open-store.ts';

/**
 * The message of a failed file system call, or of a database that could not be written. Any other error is a
 * bug and is thrown again.
 */
export function diskMessage(error: unknown): string {
  if (isSqliteError(error)) return `pipeline.sqlite: ${error.message} (${error.code})`;
  return fileProblemText(fileProblem(pathOf(error) ?? 'the disk', error));
}

/** For a rename, the new name: the obstacle is there, or is its folder. */
function pathOf(error: unknown): string | undefined {
  return error instanceof Error && 'dest' in error && typeof error.dest === 'string'
    ? error.dest
    : failedPath(error);
}
