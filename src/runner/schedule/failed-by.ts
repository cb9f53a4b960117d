import type { FailedOutcome } from '../event.ts';

/** The end of an instance that was not started because of a disk error. */
export const failedBy = (message: string): FailedOutcome => ({
  kind: 'failed',
  failure: { kind: 'disk', message },
  seconds: 0,
  tail: [],
});
