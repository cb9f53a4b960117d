import type { Ending, Usage } from '../executor.ts';
import type { Mark } from './processes.ts';

/**
 * The runner's requests to the supervisor, a JSON line each on its stdin. When stdin closes, the runner is
 * gone.
 */
export type Order =
  | StartOrder
  /** SIGTERM to the stage's processes, SIGKILL after the grace; null: no SIGKILL. */
  | { readonly kind: 'stop'; readonly stage: number; readonly graceSeconds: number | null }
  | ClaimOrder
  | { readonly kind: 'release'; readonly claim: number };

export interface StartOrder {
  readonly kind: 'start';
  /** Counts the starts of a run. */
  readonly stage: number;
  readonly command: readonly string[];
  readonly folder: string;
  /** The whole environment of the stage: nothing is added but PIPELINE_EVENTS. */
  readonly environment: Readonly<Record<string, string>>;
  /** What no other process carries. */
  readonly mark: Mark;
  /** The file that takes what the stage prints. */
  readonly output: string;
}

/** To claim a GPU until it is released, or until the runner and all its stages are gone. */
export interface ClaimOrder {
  readonly kind: 'claim';
  /** Counts the claims of a run. */
  readonly claim: number;
  readonly uuid: string;
  /** Who has the GPU, for those who ask. */
  readonly by: string;
}

/** What the supervisor tells, a JSON line each on its stdout. */
export type Report =
  | { readonly kind: 'started'; readonly stage: number; readonly pid: number; readonly started: string }
  | { readonly kind: 'refused'; readonly stage: number; readonly message: string }
  /** A line that the stage wrote on its event descriptor; null: a line over the limit. */
  | { readonly kind: 'line'; readonly stage: number; readonly line: string | null }
  /**
   * The stage has ended and all its processes are gone. `stopped`: it had been asked to stop before it ended.
   */
  | {
      readonly kind: 'ended';
      readonly stage: number;
      readonly ending: Ending;
      readonly stopped: boolean;
      readonly usage?: Usage | undefined;
    }
  /** `code`: of the error, if the GPU could not be claimed. */
  | { readonly kind: 'claimed'; readonly claim: number; readonly code?: string | undefined };

/** A longer line on the event descriptor is malformed: progress and metrics take some hundred bytes. */
export const longestLine = 1 << 16;
