import type { Diagnostic } from '../diagnostic.ts';
import type { Event } from '../event.ts';
import type { Executor } from '../executors/executor.ts';
import type { InstanceId, RunId } from '../identity.ts';
import type { Session } from '../status/session.ts';
import type { JobsOfRun } from './jobs.ts';
import type { RunningStage } from './run-controls.ts';
import type { Stop } from './stop.ts';

/** What all instances of a run share. */
export type Run = RunOf<Session>;

/** `S`: what the run works with. */
export interface RunOf<S> {
  readonly session: S;
  readonly jobs: JobsOfRun;
  readonly run: RunId;
  readonly stop: Stop;
  /** What runs now. */
  readonly running: Set<RunningStage>;
  /** How often it has begun to restore, adopt or run something. */
  readonly changes: { count: number };
  /** Instances that ran again for their temp outs and gave other results. */
  readonly remade: Set<InstanceId>;
  /** Jobs are submitted and left to their queues; nothing runs here. */
  readonly detach: boolean;
  /** What executors turned out to run on, the first time that it was not as planned. */
  readonly learned: Map<Executor, string>;
  emit(event: Event): void;
  /** The next file for a stage's output, from the project root. */
  nextOutput(): string;
  /** Seconds before attempt n + 1. */
  retryDelay(attempt: number): number;
}

/** Reports a warning about an instance; null: about the run. */
export function warn(run: Pick<Run, 'emit'>, instance: InstanceId | null, diagnostic: Diagnostic): void {
  run.emit({ kind: 'warned', at: Date.now(), instance, diagnostic });
}
