import type { SharedCacheReport } from './answers/shared-cache.ts';
import type { Outcome } from './event.ts';
import type { InstanceId, RunId } from './identity.ts';
import type { OutKind } from './pipeline-file/pipeline.ts';
import type { Selection } from './plan/select.ts';

/** `adopt`: they are taken for the result, without a run; `overwrite`: the result replaces them. */
export type ExistingOuts = 'adopt' | 'overwrite';

/** The user's options of a run. */
export interface RunRequest extends Selection {
  readonly force: boolean;
  readonly keepGoing: boolean;
  /** Only instances that failed, were blocked or were interrupted when last requested. */
  readonly retryFailed: boolean;
  /** Whether a dep on a path that is not here counts as it did in the last result. */
  readonly allowMissing?: boolean;
  /**
   * What to do where files that no run made are at the places of outs of the named instances; undefined: they
   * stay.
   */
  readonly existingOuts?: ExistingOuts;
  /**
   * Whether nothing is started: results that are cached, here or elsewhere, are restored, and nothing else.
   */
  readonly restoreOnly?: boolean;
  /** Whether a dry run queries the shared cache, too. */
  readonly remote?: boolean;
  /** Whether jobs are submitted to queues and left there; nothing is started on this machine. */
  readonly detach?: boolean;
  /** How many instances at once; undefined: as many as the CPUs carry. */
  readonly jobs?: number;
  /** Seconds to wait for another run to end; Infinity: as long as it takes; 0: not at all. */
  readonly waitSeconds: number;
}

/**
 * How the user stops a run: the first ends stages gracefully, the second kills them. The reason of `graceful`
 * is the signal.
 */
export interface StopSignals {
  readonly graceful: AbortSignal;
  readonly hard: AbortSignal;
}

/** The exit code of a run that the user stopped: 128 and the number of the signal. */
export const stoppedCode = ({ graceful }: StopSignals): 130 | 143 =>
  graceful.reason === 'SIGINT' ? 130 : 143;

/** How a run ended. What each instance did is in the events as well. */
export interface RunSummary {
  readonly run: RunId;
  readonly seconds: number;
  readonly exitCode: 0 | 1 | 130 | 143;
  readonly outcomes: ReadonlyMap<InstanceId, Outcome>;
  /** Whether it read an input that was itself out of date (`--only`, `--from`). */
  readonly readsOutOfDate: boolean;
  /** Those of them that are frozen: their last results were used, even if inputs changed. */
  readonly frozen?: readonly InstanceId[];
  /** If a shared cache was queried or uploaded to. */
  readonly sharedCache?: SharedCacheReport;
  /** Where temp outs were dropped, since all that reads them is up to date. */
  readonly dropped?: DroppedOuts;
}

/** Temp outs whose bytes were dropped. */
export interface DroppedOuts {
  readonly outs: readonly { readonly instance: InstanceId; readonly out: string }[];
  /** Freed in the cache; the files in the project are gone, too. */
  readonly bytes: number;
}

/** An out that a run is for, and its path from the project root. */
export interface FinalOut {
  readonly out: string;
  readonly path: string;
  readonly kind: OutKind;
}

/** What a smoke run was about. */
export interface SmokeReport {
  /** The paths of its results, from the project root. */
  readonly folder: string;
  /** The stages that their programs made small, and those without a definition of small. */
  readonly small: readonly string[];
  readonly whole: readonly string[];
}

export interface FinishedRun extends RunSummary {
  readonly results: readonly FinalOut[];
  readonly smoke?: SmokeReport;
}
