import type { Result } from '../result.ts';
import type { TrackerRun } from './tracker-run.ts';

/** A place that models are exported to. The error says what is in the way, where, and what to do. */
export interface Exporter {
  /**
   * Writes a model, in the place of what was written of it before; gives where it is, as a person finds it.
   */
  write(run: TrackerRun): Promise<Result<readonly string[]>>;
}
