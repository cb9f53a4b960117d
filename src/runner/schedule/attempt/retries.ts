import type { FailedOutcome, Failure, Outcome } from '../../event.ts';

/** How an attempt ended. */
export type AttemptEnd =
  /** Nothing is left to do: it has a result, was interrupted, or its job continues without the run. */
  { readonly kind: 'settled'; readonly outcome: Exclude<Outcome, FailedOutcome> } | Unsettled;

/** The ends that another attempt may follow. */
export type Unsettled =
  | { readonly kind: 'failed'; readonly outcome: FailedOutcome }
  /** An obstacle of one attempt blocks the next one too. */
  | { readonly kind: 'obstructed'; readonly outcome: FailedOutcome }
  /** It continues in another attempt, regardless of the stage's `retries`. */
  | { readonly kind: 'resumable'; readonly failure: Failure };

/** What decides whether another attempt follows one. */
export type RetryCause =
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'obstructed' | 'resumable' };

interface RetryLimits {
  /** How often a stage may fail and run again. */
  readonly retries: number;
  /** How often a job may be lost besides, through no fault of its program. */
  readonly restarts: number;
  /** Seconds before the attempt after the nth failure, or the nth loss. */
  delay(n: number): number;
}

/**
 * Counts the attempts at an instance. The function that it returns is called after each, and gives
 * the seconds until the next one; undefined: there is none.
 */
export function retryCounter({
  retries,
  restarts,
  delay,
}: RetryLimits): (cause: RetryCause) => number | undefined {
  let [failures, losses] = [0, 0];
  return (cause) => {
    switch (cause.kind) {
      case 'resumable':
        return 0;
      case 'obstructed':
        return undefined;
      case 'failed':
        if (cause.failure.kind === 'lost' && losses < restarts) return delay(++losses);
        return failures < retries ? delay(++failures) : undefined;
    }
  };
}
