import { failedPath, fileProblem, fileProblemText } from '../../../files/file-problem.ts';
import { isSqliteError } from './open-store.ts';

/**
 * What a failed call of the file system, or a database that could not be written, says. Anything else is a
 * bug of ours and is thrown on.
 */
export function diskMessage(error: unknown): string {
  if (isSqliteError(error)) return `pipeline.sqlite: ${error.message} (${error.code})`;
  return fileProblemText(fileProblem(pathOf(error) ?? 'the disk', error));
}

/** Of a rename, the new name: what is there, or the folder around it, is what is in the way. */
function pathOf(error: unknown): string | undefined {
  return error instanceof Error && 'dest' in error && typeof error.dest === 'string'
    ? error.dest
    : failedPath(error);
}
