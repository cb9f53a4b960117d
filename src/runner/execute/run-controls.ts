import type { Instance } from '../plan/instance.ts';
import type { Assessment, Session } from './assess.ts';

/** A stage that runs, or waits for its next attempt. */
export interface RunningStage {
  readonly instance: Instance;
  readonly assessment: Assessment;
  /** Asks it to end: what it makes is of no use any more. It is looked at again, and runs as it is then. */
  cancel(because: string): void;
}

/** What a watcher can do with a run that is on. */
export interface RunControls {
  readonly session: Session;
  running(): readonly RunningStage[];
  /** What runs may finish. */
  startNoMore(): void;
}
