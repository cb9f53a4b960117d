/** A fault in a file, with its position: line and column count from 1. Printed by `fileProblemText`. */
export interface FileProblem {
  readonly path: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
  /** The system's error, if it refused the call: then the content of the file is unknown. */
  readonly code?: string;
}

/** `path:line:column: message`, with as much of the place as is known. */
export function fileProblemText({ path, line, column, message }: FileProblem): string {
  return `${[path, line, column].filter((part) => part !== undefined).join(':')}: ${message}`;
}

/**
 * Whether a read problem is about the content: missing, or not what was expected. Otherwise the device failed
 * or the file cannot be opened now, and it may be intact the next time.
 */
export const isDamage = ({ code }: FileProblem): boolean =>
  code === undefined || ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(code);

/** Thrown by a source of content while it is written: its problem becomes the result of the write. */
export class SourceFailed extends Error {
  readonly problem: FileProblem;
  constructor(problem: FileProblem) {
    super(fileProblemText(problem));
    this.problem = problem;
  }
}

/**
 * The problem behind a failed call of the file system, in words, or behind a source that failed. Anything
 * else that was thrown is a bug and is rethrown.
 */
export function fileProblem(path: string, error: unknown): FileProblem {
  if (error instanceof SourceFailed) return error.problem;
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) throw error;
  const code = String(error.code);
  return {
    path,
    message:
      error.syscall === 'mkdir' && code === 'EEXIST'
        ? 'is a file where a folder is needed'
        : (meaning(code) ?? error.message),
    code,
  };
}

/** The path of a failed file system call, if the error has one. */
export const failedPath = (error: unknown): string | undefined =>
  error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;

function meaning(code: string): string | undefined {
  switch (code) {
    case 'ENOENT':
      return 'no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return `permission denied (${code})`;
    case 'EISDIR':
      return 'is a folder where a file was expected';
    case 'EEXIST':
    case 'ENOTEMPTY':
      return 'exists already';
    case 'ENOTDIR':
      return 'is not a folder, or lies below a file';
    case 'ELOOP':
      return 'symbolic links lead in a cycle';
    case 'ENOSPC':
      return 'no space left on the device';
    case 'EDQUOT':
      return 'the disk quota is used up';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENAMETOOLONG':
      return 'the name is too long';
    case 'EMFILE':
    case 'ENFILE':
      return `too many open files (${code})`;
    case 'ECANCELED':
      return 'it could not be read to the end';
    case 'EIO':
      return 'the device failed (EIO)';
    default:
      return undefined;
  }
}
