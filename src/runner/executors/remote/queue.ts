import type { Job } from '../executor.ts';

/**
 * A queue that runs jobs on other machines: it accepts them, reports their states, and cancels them. The
 * outcome of a job is in its result file; the queue is queried only for a job that left none.
 */
export interface Queue {
  /**
   * What each job will be known by in the queue before it has an id, in the order of the jobs. Those of one
   * submission share what precedes the "/".
   */
  places(jobs: readonly Job[]): readonly string[];
  /** Returns the ids of the jobs, or why they were rejected, in their order. Never rejects. */
  submit(jobs: readonly QueuedJob[]): Promise<readonly Submission[]>;
  /**
   * The states of jobs by their ids; a missing one is not in the queue. Undefined: the queue cannot be
   * queried now.
   */
  statuses(jobs: readonly KnownJob[]): Promise<ReadonlyMap<string, QueueStatus> | undefined>;
  /** Cancels jobs; may be called again. */
  cancel(jobs: readonly KnownJob[]): Promise<void>;
}

export interface QueuedJob {
  readonly job: Job;
  readonly place: string;
  /** The words that start its wrapper, without Node. */
  readonly wrapper: readonly string[];
}

/** A job that was submitted. `id`: empty where it is not known. */
export interface KnownJob {
  readonly place: string;
  readonly id: string;
}

export type Submission =
  | { readonly kind: 'submitted'; readonly id: string }
  | { readonly kind: 'refused'; readonly message: string };

/** The state of a job in a queue. */
export type QueueStatus =
  | {
      readonly kind: 'pending';
      readonly id: string;
      /** Why it will wait for ever, in the queue's own word, and what to do. */
      readonly stuck?: string;
    }
  | { readonly kind: 'running'; readonly id: string; readonly node: string }
  | { readonly kind: 'ended'; readonly id: string; readonly how: QueueEnding };

/** A queue's report of the end of a job. */
export type QueueEnding =
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'time-limit' }
  | { readonly kind: 'cancelled'; readonly message: string }
  /** It may be retried: the message gives the cause. */
  | { readonly kind: 'lost'; readonly message: string };
