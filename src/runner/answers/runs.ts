import type { Value } from '../../stage/context.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Failure, GpuUsage, Outcome, OutcomeCounts, RecordedEvent } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { Reason } from '../manifest/reason.ts';
import type { MetricValue } from './results.ts';

/** What happened to an instance in the last run that tried it, or in the run that is named. */
export interface InstanceLog {
  readonly run: string;
  readonly instance: InstanceId;
  readonly events: readonly RecordedEvent[];
  /** Its output, each a file from the project root, in the order of the attempts. */
  readonly files: readonly string[];
}

/** The commit that is checked out in the project's repository. */
export interface CommitState {
  readonly commit: string;
  /** Undefined: none is checked out, only a commit. */
  readonly branch: string | undefined;
  /** Whether a file differs from the commit, or is neither in it nor ignored. */
  readonly isDirty: boolean;
}

/** What a run was started from, and by whom. */
export interface StartedFrom {
  /** Undefined: the project is in no repository, or git did not answer in time. */
  readonly commit?: CommitState | undefined;
  readonly user: string | undefined;
  readonly host: string;
  /** Of this program and of Node. */
  readonly version: string;
  readonly node: string;
}

export interface RunRecord {
  readonly run: string;
  readonly pipeline: string;
  readonly file: string;
  readonly startedAt: number;
  /** Undefined: running, or killed. */
  readonly finishedAt: number | undefined;
  readonly exitCode: number | undefined;
  readonly state: RunState;
  readonly counts: OutcomeCounts;
  /** Undefined: it was not recorded, as for runs of earlier versions. */
  readonly startedFrom: StartedFrom | undefined;
}

/** A param that has another value than before; undefined: it was not there, or is not any more. */
export interface ChangedParam {
  readonly instance: InstanceId;
  /** Nested names joined by ".". */
  readonly param: string;
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** The results of a run: of the instances that it computed or restored. */
export interface RunResults {
  readonly run: string;
  /** By the metric that `best` names; without `best`, by the first metric of each instance. */
  readonly scores: readonly RunScore[];
  /** Against the results that the instances had before the run. */
  readonly params: readonly ChangedParam[];
}

export interface RunScore {
  readonly instance: InstanceId;
  readonly metric: string;
  readonly value: MetricValue;
  readonly interval?: readonly [low: number, high: number] | undefined;
}

/** `done`: with exit code 0; `killed`: its process is gone and did not record how the run ended. */
export type RunState = 'running' | 'done' | 'failed' | 'interrupted' | 'killed';

/** A whole run, from its stored events. */
export interface RunHistory extends RunRecord {
  /** In the order of the run's plan. */
  readonly instances: readonly InstanceHistory[];
  /** `instance`: null for a warning about the whole run. */
  readonly warnings: readonly {
    readonly instance: InstanceId | null;
    readonly diagnostic: Diagnostic;
  }[];
}

export interface InstanceHistory {
  readonly instance: InstanceId;
  /** Undefined while it waits or runs, and in a run that was killed before its end. */
  readonly outcome: Outcome | undefined;
  readonly key: Key | undefined;
  /** When its first attempt began; undefined: nothing was started. Milliseconds since the epoch. */
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** Undefined where they are not known: nothing was started and the result is not stored any more. */
  readonly params: Readonly<Record<string, Value>> | undefined;
  /** The metrics of the result, from the cache; empty without a result. */
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** The stage's reported values by step, by name, such as the loss. */
  readonly series: Readonly<Record<string, readonly SeriesPoint[]>>;
  readonly progress: { readonly done: number; readonly total: number; readonly unit: string } | undefined;
  readonly device: { readonly runtime: string; readonly device: string } | undefined;
  /** The last measured state of its GPUs, and the peak of memory used on them. */
  readonly gpu: (GpuUsage & { readonly peakBytes: number }) | undefined;
  readonly attempts: readonly AttemptHistory[];
  /**
   * The resource usage of its processes in all attempts together, and the peak memory of one attempt;
   * undefined: unknown, as outside Linux.
   */
  readonly usage: InstanceUsage | undefined;
  /** The files of its output, from the project root. */
  readonly logs: readonly string[];
}

export interface InstanceUsage {
  readonly cpuSeconds: number;
  readonly peakMemoryBytes: number | undefined;
}

export interface SeriesPoint {
  readonly step: number;
  readonly at: number;
  readonly value: number;
}

export interface AttemptHistory {
  /** Counts from 1. */
  readonly attempt: number;
  readonly startedAt: number;
  readonly finishedAt: number | undefined;
  readonly because: readonly Reason[];
  /** Whether it went on where an interrupted attempt had stopped. */
  readonly resumed: boolean;
  /** Why another attempt followed. */
  readonly failure: Failure | undefined;
}

/** Inputs that an instance cut to a limit of tokens. */
export interface Truncation {
  readonly instance: InstanceId;
  readonly what: string;
  readonly count: number;
  readonly of: number;
  readonly limit: number;
}

/** The instances whose jobs in queues were cancelled. */
export interface CancelledJobs {
  readonly cancelled: readonly string[];
}
