/**
 * Thrown where nothing in the program is wrong: memory is used up, a device is lost. Its message is for the
 * user, in place of a stack.
 */
export class ReportedError extends Error {
  override readonly name = 'ReportedError';
}

/** By name: what throws may have been bundled apart from what catches. */
export const isReported = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReportedError';
