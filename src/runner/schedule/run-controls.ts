import type { FailedOutcome } from '../event.ts';
import type { Key } from '../identity.ts';
import type { Instance } from '../plan/instance.ts';
import type { Assessment } from '../status/assess.ts';
import type { Session } from '../status/session.ts';

/** A stage that runs, or waits for its next attempt. */
export interface RunningStage {
  readonly instance: Instance;
  readonly assessment: Assessment;
  /**
   * Asks it to stop: its result is no longer needed. It is assessed again, and runs with its current inputs.
   * False: it was asked before.
   */
  cancel(because: string): boolean;
}

/** The observer of consecutive runs. */
export interface RunWatcher {
  /** Of earlier runs. What failed under a key fails under it again, without being started. */
  readonly failures: ReadonlyMap<Key, FailedOutcome>;
  /** Called when there is something to run. */
  onControls(controls: RunControls): void;
}

/** What a watcher can do with a run that is on. */
export interface RunControls {
  readonly session: Session;
  running(): readonly RunningStage[];
  /** What runs may finish. */
  startNoMore(): void;
}
