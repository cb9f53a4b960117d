import type { Value } from '../stage/context.ts';
import type { StageMessage } from '../stage/message.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { InstanceId, Key, RunId } from './identity.ts';
import type { Reason } from './manifest/reason.ts';
import type { TreeChange } from './manifest/tree.ts';

/** How an instance ended. */
export type Outcome =
  /** `edited`: a file that it depends on and that was changed meanwhile. */
  | { readonly kind: 'ran'; readonly seconds: number; readonly published: boolean; readonly edited?: string }
  /**
   * Its outputs were in place and match its result. `adopted`: this run took them for the result, without
   * computing it.
   */
  | { readonly kind: 'up-to-date'; readonly adopted?: true }
  /** Outputs were written back from the cache: those that were missing or different. */
  | {
      readonly kind: 'restored';
      readonly files: number;
      readonly bytes: number;
      readonly displaced?: readonly DisplacedOut[];
      /** Where it was copied from the shared cache for this. */
      readonly origin?: Origin;
    }
  /** `before`: under the same key; it was not started again. */
  | {
      readonly kind: 'failed';
      readonly failure: Failure;
      readonly seconds: number;
      readonly tail: readonly string[];
      readonly before?: true;
    }
  | { readonly kind: 'blocked'; readonly by: InstanceId }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'interrupted'; readonly seconds: number }
  /** Its job is in a queue and continues without the run. */
  | { readonly kind: 'submitted' }
  /** It was not started: it waits for a run that continues, or for submitted jobs. */
  | { readonly kind: 'waiting' };

/** How many instances of a run ended how. Those that are `adopted` are among those that are `up-to-date`. */
export type OutcomeCounts = Readonly<Record<Exclude<Outcome['kind'], Unfinished> | 'adopted', number>> &
  Readonly<Partial<Record<Unfinished, number>>>;

/** For a run that leaves jobs to a queue: the number of jobs, if any. */
type Unfinished = 'submitted' | 'waiting';

/** What executing an instance again showed about its result. */
export type VerificationOutcome =
  | { readonly kind: 'identical' }
  | { readonly kind: 'different'; readonly different: readonly DifferentOut[] }
  /** There is nothing to compare: how its last attempt ended. */
  | { readonly kind: 'incomplete'; readonly message: string };

/** An out whose bytes came out different. */
export interface DifferentOut {
  readonly out: string;
  /** Of a folder: the files that differ; empty: the out differs as a whole. */
  readonly files: readonly string[];
}

export type FailedOutcome = Extract<Outcome, { readonly kind: 'failed' }>;

/** Who made a result elsewhere. */
export interface Origin {
  /** The public key that signed it. */
  readonly signer: string;
  readonly host: string;
  /** The shared cache that it came from. */
  readonly remote: string;
  /** When it was made, milliseconds since the epoch, and how long that took. */
  readonly at: number;
  readonly seconds: number;
}

/** An out in the project that differs from its result. */
export interface DisplacedOut {
  readonly path: string;
  /**
   * `another-result`: of the same instance, as a run put it there. `foreign`: no run put it there, so that
   * none replaces it unasked.
   */
  readonly was: 'missing' | 'changed' | 'another-result' | 'foreign';
  /** Of a folder that is there: what differs in it. */
  readonly files?: readonly TreeChange[];
}

/** Why an instance failed, each with just its own fields. */
export type Failure =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'timeout'; readonly seconds: number }
  | { readonly kind: 'missing-outs'; readonly outs: readonly string[] }
  | { readonly kind: 'spawn'; readonly message: string }
  /** Its job is gone, and left no result; the message gives the details. */
  | { readonly kind: 'lost'; readonly message?: string }
  /** The kernel, or the queue, killed it for lack of memory. `bytes`: the memory that it had requested. */
  | { readonly kind: 'out-of-memory'; readonly bytes?: number }
  /** Its job reached the time limit of the queue. `seconds`: the limit that it had requested. */
  | { readonly kind: 'time-limit'; readonly hasCheckpoint?: true; readonly seconds?: number }
  /** Somebody else ended its job. */
  | { readonly kind: 'cancelled'; readonly message: string }
  /** The nodes of its executor are of more than one kind. */
  | { readonly kind: 'platform'; readonly message: string }
  /** What the stage itself reported by a `failure` message. */
  | { readonly kind: 'reported'; readonly text: string }
  /** Files at the paths of its outs, which no run made, differ from its results. */
  | { readonly kind: 'existing-outs'; readonly message: string }
  | { readonly kind: 'disk'; readonly message: string };

/** A piece of a stage's output, in whole lines, and the position of its bytes in the attempt's log file. */
interface OutputEvent {
  readonly kind: 'output';
  readonly at: number;
  readonly instance: InstanceId;
  readonly text: string;
  /** From the project root. */
  readonly file: string;
  /** Offsets in bytes. */
  readonly start: number;
  readonly end: number;
}

/** Instances whose values come from lists, or that read from such instances; `name`: as a selection. */
export interface AwaitedInstances {
  readonly name: string;
  /** The instances that make the lists. */
  readonly after: readonly InstanceId[];
}

/** Instances that turned out to be up to date before anything was started: each ended with `up-to-date`. */
export interface FoundInPlaceEvent {
  readonly kind: 'found-in-place';
  readonly at: number;
  readonly instances: readonly InstanceId[];
  /** In the order of the instances. */
  readonly keys: readonly Key[];
}

/**
 * An event as the store keeps it: what a stage printed is in its log file, keys are those of the last
 * results.
 */
export type RecordedEvent =
  | Exclude<Event, OutputEvent | FoundInPlaceEvent>
  | Omit<OutputEvent, 'text'>
  | Omit<FoundInPlaceEvent, 'keys'>;

/** A stored event, with its place in its run. Sequence numbers are whole numbers from 0 on, without gaps. */
export interface NumberedEvent {
  readonly sequence: number;
  readonly event: RecordedEvent;
}

/** What the GPUs of a job are doing. */
export interface GpuUsage {
  /** Of all programs on them. */
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** How much of the time they compute; undefined: it is not known. */
  readonly busyPercent: number | undefined;
}

/** A process on a GPU that does not belong to the run. */
export interface GpuProcess {
  /** The name of the GPU. */
  readonly gpu: string;
  readonly pid: number;
  readonly name: string;
  readonly memoryBytes: number | undefined;
}

/** A run that has a GPU, of another project or another copy of this one, as it says of itself. */
export interface GpuRun {
  readonly user: string;
  readonly pid: number;
  /** The root of its project. */
  readonly project: string;
  readonly run: string;
  readonly instance: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Everything that happens in a run, in order. `at`: milliseconds since the epoch. */
export type Event =
  /** Before a run: a model of the hub on its way. Bytes of all its files together; null: not known yet. */
  | {
      readonly kind: 'fetching';
      readonly at: number;
      readonly model: string;
      readonly bytes: number;
      readonly total: number;
      readonly bytesPerSecond: number | null;
      readonly secondsLeft: number | null;
    }
  /** It does not come for now: the next try is in so many seconds; null: another process is fetching it. */
  | {
      readonly kind: 'fetch-delayed';
      readonly at: number;
      readonly model: string;
      readonly seconds: number | null;
      readonly because: string;
    }
  | { readonly kind: 'fetched'; readonly at: number; readonly model: string; readonly bytes: number }
  | {
      readonly kind: 'run-started';
      readonly at: number;
      readonly run: RunId;
      readonly pipeline: string;
      readonly instances: readonly InstanceId[];
      readonly jobs: number;
      /** Mean seconds of an instance by stage, from earlier runs. */ readonly earlier?: Readonly<
        Record<string, number>
      >;
      /** What comes from lists: known once those are made. */
      readonly awaited?: readonly AwaitedInstances[];
    }
  /** Lists were made: their values, the values before, and the instances that wait for further lists. */
  | {
      readonly kind: 'planned-again';
      readonly at: number;
      readonly added: readonly InstanceId[];
      readonly removed: readonly InstanceId[];
      readonly awaited: readonly AwaitedInstances[];
    }
  | {
      readonly kind: 'started';
      readonly at: number;
      readonly instance: InstanceId;
      readonly key: Key;
      readonly because: readonly Reason[];
      readonly attempt: number;
      readonly resumed: boolean;
      /** Absent in runs of version 0.1.0. */
      readonly params?: Readonly<Record<string, Value>>;
    }
  | {
      readonly kind: 'message';
      readonly at: number;
      readonly instance: InstanceId;
      readonly message: StageMessage;
    }
  | OutputEvent
  /** Too few GPUs are free: instances of this and other runs that have them, and other programs. */
  | {
      readonly kind: 'waiting-for-gpu';
      readonly at: number;
      readonly instance: InstanceId;
      readonly holders: readonly { readonly instance: InstanceId; readonly gpus: readonly string[] }[];
      readonly others: readonly GpuProcess[];
      /** Runs of other projects that have GPUs; `by` is absent where one does not say. Absent: none. */
      readonly otherRuns?: readonly { readonly gpu: string; readonly by?: GpuRun }[];
    }
  /** What the GPUs of an instance are doing, from time to time. */
  | {
      readonly kind: 'gpu-usage';
      readonly at: number;
      readonly instance: InstanceId;
      readonly usage: GpuUsage;
    }
  | {
      readonly kind: 'warned';
      readonly at: number;
      readonly instance: InstanceId | null;
      readonly diagnostic: Diagnostic;
    }
  | {
      readonly kind: 'retrying';
      readonly at: number;
      readonly instance: InstanceId;
      readonly attempt: number;
      readonly failure: Failure;
      readonly delaySeconds: number;
    }
  /** Its inputs are out of date: it is asked to stop. */
  | {
      readonly kind: 'cancelled';
      readonly at: number;
      readonly instance: InstanceId;
      readonly because: string;
    }
  | {
      readonly kind: 'finished';
      readonly at: number;
      readonly instance: InstanceId;
      readonly key: Key | null;
      readonly outcome: Outcome;
    }
  /** `verify --rerun` has executed it again. Its result stays, whatever came out. */
  | {
      readonly kind: 'verified';
      readonly at: number;
      readonly instance: InstanceId;
      readonly outcome: VerificationOutcome;
    }
  | FoundInPlaceEvent
  | { readonly kind: 'interrupting'; readonly at: number; readonly hard: boolean }
  | {
      readonly kind: 'run-finished';
      readonly at: number;
      readonly run: RunId;
      readonly exitCode: 0 | 1 | 130 | 143;
      readonly seconds: number;
    };
