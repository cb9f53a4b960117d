import { fileProblem, fileProblemText } from '../../files/file-problem.ts';
import { isSqliteError } from '../store/open-store.ts';

/** What a failed call of the file system, or a database that could not be written, says. Anything else is a bug of ours and is thrown on. */
export function diskMessage(error: unknown): string {
  if (isSqliteError(error)) return `cache/pipeline.sqlite: ${error.message} (${error.code})`;
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : 'the disk';
  return fileProblemText(fileProblem(path, error));
}
