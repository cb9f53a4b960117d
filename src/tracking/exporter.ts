import type { Result } from '../result.ts';
import type { LivePoint, TrackerRun } from './tracker-run.ts';

/** A target of exported models. The error says what is wrong, where, and what to do. */
export interface Exporter {
  /**
   * Writes a model, in the place of what was written of it before; gives where it is, as a person finds it.
   */
  write(run: TrackerRun): Promise<Result<readonly string[]>>;
  /** Adds points of a model that is still being made: `run` says what is known when it starts. */
  append?(run: TrackerRun, points: readonly LivePoint[]): Promise<Result<void>>;
}
