import type { Ending, Usage } from '../executor.ts';
import type { Mark } from './processes.ts';

/**
 * The runner's requests to the supervisor, a JSON line each on its stdin. When stdin closes, the runner is
 * gone.
 */
export type Order =
  | StartOrder
  /** SIGTERM to the stage's processes, SIGKILL after the grace; null: no SIGKILL. */
  | { readonly kind: 'stop'; readonly stage: number; readonly graceSeconds: number | null };

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
    };

/** A longer line on the event descriptor is malformed: progress and metrics take some hundred bytes. */
export const longestLine = 1 << 16;
