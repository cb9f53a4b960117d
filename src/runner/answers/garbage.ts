import type { Key } from '../identity.ts';

export interface Collected {
  readonly entries: number;
  /** The deleted results, in the order in which they were chosen. */
  readonly removed: readonly RemovedResult[];
  /** What the objects of the remaining results take. */
  readonly bytesLeft: number;
  readonly objects: number;
  readonly files: readonly string[];
  readonly bytes: number;
  readonly kept: KeptResults;
}

/** A result that was deleted, and why. */
export interface RemovedResult {
  readonly key: Key;
  /** The instance that it was last computed for; null: unknown, as for a fetched result. */
  readonly instance: string | null;
  /** The day on which a run made or used it last, as "2026-11-29". */
  readonly lastUse: string;
  /** What that frees. */
  readonly bytes: number;
  /**
   * No pipeline file names it; it was not used for longer than the limit; results took more than the limit.
   */
  readonly because: 'unnamed' | 'unused' | 'size';
}

/** Paths that were not deleted, and why. */
export interface KeptResults {
  /** Results that nothing names, within the limits of size and age. */
  readonly withinLimits: number;
  /** Results that a pipeline file names. */
  readonly named: number;
  /** Results that no pipeline file names, and one of the last runs made. */
  readonly recent: number;
  /** Outs of instances that no pipeline file names. */
  readonly files: readonly {
    readonly path: string;
    readonly because: 'edited' | 'below-a-link' | 'unreadable';
  }[];
  /** Instances whose jobs were left to queues, and may go on or are taken up by the next run. */
  readonly attempts: readonly { readonly pipeline: string; readonly instance: string }[];
}

export interface GcRequest {
  readonly dryRun: boolean;
  /** The results of the last so many runs are kept, named or not. */
  readonly keepRuns: number;
  /** The objects of results may take so many bytes. With a limit, only what exceeds it is deleted. */
  readonly maxBytes?: number | undefined;
  /** Results that were not used for more days exceed the limit of age. */
  readonly unusedDays?: number | undefined;
  /** The limits hold for results that a pipeline file names, too. */
  readonly named?: boolean;
}
