/**
 * Thrown for failures that are not bugs: out of memory, a lost device. Its message is for the user, in place
 * of a stack.
 */
export class ReportedError extends Error {
  override readonly name = 'ReportedError';
}

/** By name: what throws may have been bundled apart from what catches. */
export const isReported = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReportedError';
