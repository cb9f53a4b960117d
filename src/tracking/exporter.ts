import type { Result } from '../result.ts';
import type { LivePoint, TrackerRun } from './tracker-run.ts';

/** A target of exported models. The error says what is wrong, where, and what to do. */
export interface Exporter {
  /** Exports a model, and replaces its earlier export; returns its location in a form for people. */
  write(run: TrackerRun): Promise<Result<readonly string[]>>;
  /** Adds points of a model in training: `run` is the data known at its start. */
  append?(run: TrackerRun, points: readonly LivePoint[]): Promise<Result<void>>;
}
