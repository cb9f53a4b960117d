import type { FileProblem } from '../files/file-problem.ts';
import type { ProxiedFetch } from '../network/proxied-fetch.ts';
import type { Result } from '../result.ts';
import type { Value } from '../stage/context.ts';
import type { Diagnostic } from './diagnostic.ts';
import type {
  DifferentOut,
  AwaitedInstances,
  DisplacedOut,
  Failure,
  GpuUsage,
  Origin,
  Outcome,
  OutcomeCounts,
  RecordedEvent,
} from './event.ts';
import type { InstanceId, Key } from './identity.ts';
import type { Reason } from './manifest/reason.ts';
import type { TrackerSettings } from './pipeline-file/shapes/tracking-shape.ts';
import type { OutKind } from './pipeline-file/pipeline.ts';
import type { Ignored } from './manifest/tree.ts';

/** The reasons why a command did nothing, each with its exit code. */
export type Problem =
  /**
   * The pipeline file, or a file that it names: exit 2. `sources`: the texts that the diagnostics point into,
   * by file.
   */
  | {
      readonly kind: 'invalid';
      readonly diagnostics: readonly Diagnostic[];
      readonly sources: ReadonlyMap<string, string>;
    }
  /** Another run is in progress: exit code 3. `pid`: undefined until the holder has written it. */
  | { readonly kind: 'busy'; readonly pid: number | undefined; readonly since: number | undefined }
  /** The store cannot be read: exit 4. */
  | { readonly kind: 'damaged'; readonly message: string }
  /** The disk is full, or fails: exit 1. */
  | { readonly kind: 'disk'; readonly message: string; readonly help?: string };

/** The memory that an instance takes at most, on its device. */
export type MemoryPlan =
  | {
      readonly kind: 'estimated';
      readonly instance: InstanceId;
      readonly device: 'cpu' | 'cuda';
      /** Bytes by purpose. */
      readonly parts: Readonly<Record<string, number>>;
      readonly total: number;
      /** What the machine or its GPU has; undefined: it is not known here. */
      readonly capacity: number | undefined;
      readonly lower: readonly string[];
    }
  /** The missing information. */
  | { readonly kind: 'unknown'; readonly instance: InstanceId; readonly message: string };

/** A result that could be uploaded to the shared cache. */
export interface PushedResult {
  readonly instance: InstanceId;
  /** `present`: signed by the same key already. `not-cached`: it has no up-to-date result here. */
  readonly state: 'uploaded' | 'to-upload' | 'present' | 'not-cached' | 'failed';
  /** Those whose bytes may be uploaded; not all of them have to be. */
  readonly objects: number;
  readonly bytes: number;
}

export interface Pushed {
  readonly remote: string;
  readonly results: readonly PushedResult[];
  /** What went over the line: objects that are there already do not. */
  readonly uploaded: Transferred;
  /** Why not everything could be uploaded. */
  readonly problem?: string;
}

/** One thing that a shared cache has to be able to do. */
export interface RemoteStep {
  readonly step: string;
  readonly ok: boolean;
  /** What was found. */
  readonly message: string;
  readonly milliseconds: number;
}

export interface RemoteCheck {
  readonly remote: string;
  readonly steps: readonly RemoteStep[];
}

/** What a run had from the shared cache, and gave to it. */
export interface SharedCacheReport {
  /** Where it is. */
  readonly remote: string;
  readonly fetched: Transferred;
  readonly uploaded: Transferred;
  /** Not found. */
  readonly absent: number;
  /** There, by signers that are not trusted. */
  readonly untrusted: number;
  /** Entries of trusted signers that are malformed, wrongly signed, or signed for another key or project. */
  readonly refused: number;
  /** Results of which an object is missing there, or damaged. */
  readonly incomplete: number;
  /** Results whose bytes were not shared. */
  readonly partial: number;
  /** Lookups that failed. */
  readonly unanswered: number;
  /** Results that were to be uploaded, and were not. */
  readonly notUploaded: number;
  /** What failed last while something was uploaded. */
  readonly uploadFault?: string;
  /** Results that were written again, since lifecycle rules delete old files. */
  readonly refreshed: number;
  /** Why it was not read, or written, any more. */
  readonly readingOff?: string;
  readonly writingOff?: string;
}

export interface Transferred {
  readonly results: number;
  readonly objects: number;
  readonly bytes: number;
}

export interface InstanceStatus {
  readonly instance: InstanceId;
  readonly state:
    | 'up-to-date'
    | 'restorable'
    | 'out-of-date'
    | 'waiting'
    | 'failed'
    | 'interrupted'
    | 'running'
    /** Its job is in a queue, or ended there: the next run sees to its result. */
    | 'submitted';
  readonly because: readonly Reason[];
  /** Outs that differ from its result, and will be restored. */
  readonly displaced: readonly DisplacedOut[];
  /** Temp outs, by name, whose bytes were dropped; absent: none. */
  readonly dropped?: readonly string[];
  /** No run computed its result: existing files were taken (`run --adopt`). */
  readonly adopted: boolean;
  /** Its stage is frozen: its last result is used, even if its inputs changed. */
  readonly frozen?: true;
  /** The device that made its result, where the instance would compute on the CPU here. */
  readonly madeOn?: 'cuda';
  /** Deps that are not on this machine: they count as they did in the last result. */
  readonly unchecked: readonly string[];
  /** The instances that have to run first. */
  readonly after: readonly InstanceId[];
  /** Why its state is unknown. */
  readonly fault: string | undefined;
  /** When its last result was made, milliseconds since the epoch. */
  readonly at: number | undefined;
}

export interface Status {
  readonly pipeline: string;
  readonly instances: readonly InstanceStatus[];
  /** What comes from lists that are not known, or will be made again. */
  readonly awaited: readonly AwaitedInstances[];
  /** Results and files in the project that no pipeline file names any more; `gc` deletes them. */
  readonly unnamed: readonly { readonly instance: string; readonly path: string }[];
}

/** What has changed since the last result of a frozen instance. */
export interface SinceResult {
  readonly changed: readonly Reason[];
  /** Why not all of it could be compared. */
  readonly fault?: string;
}

export interface Explanation {
  readonly instance: InstanceId;
  readonly state: InstanceStatus['state'];
  readonly adopted: boolean;
  /** As in the status. */
  readonly frozen?: true;
  /** As in the status. */
  readonly madeOn?: 'cuda';
  /** For a frozen instance with a result. */
  readonly sinceResult?: SinceResult;
  /** Undefined while a dep's content is not known. */
  readonly key: Key | undefined;
  readonly because: readonly Reason[];
  /** Outs that differ from their result, and will be restored. */
  readonly displaced: readonly DisplacedOut[];
  /** As in the status. */
  readonly dropped?: readonly string[];
  /** The instances that have to run before the key is known. */
  readonly after: readonly InstanceId[];
  /** How its last attempt failed, where that is its state. */
  readonly failure: Failure | undefined;
  /** Why its state is unknown: a missing dep, a program that cannot be read. */
  readonly fault: string | undefined;
  /** Ignored files in the folders that it reads, and the rule for each. */
  readonly ignored: readonly Ignored[];
  /** The maker of its result, if it came from the shared cache. */
  readonly origin: Origin | undefined;
  /** The current manifest, as a plain value. */
  readonly manifest: Value | undefined;
}

export interface Graph {
  readonly pipeline: string;
  readonly instances: readonly {
    readonly instance: InstanceId;
    readonly stage: string;
    readonly description: string;
    /** As in the status. */
    readonly frozen?: true;
  }[];
  readonly edges: readonly { readonly from: InstanceId; readonly to: InstanceId }[];
  /** What comes from lists that no run has made yet. */
  readonly awaited: readonly AwaitedInstances[];
  /** What `when` leaves out, and the condition that does not hold. */
  readonly leftOut: readonly {
    readonly instance: InstanceId;
    readonly stage: string;
    readonly condition: string;
  }[];
}

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

/**
 * The state of a result, not of the instance's outputs in the project. `up-to-date`: computed from the
 * current inputs; `out-of-date`: the last one, from before a change; `not-cached`: what the last run wrote
 * and could not, or should not, cache.
 */
export type ResultState = 'up-to-date' | 'out-of-date' | 'not-cached';

/**
 * A number of a result: NaN and infinities too; a bigint where a JavaScript number would round an integer.
 */
export type MetricValue = number | bigint;

/**
 * The metrics of one instance: the numbers of its outs of kind `metrics`, nested names joined by ".", with
 * the name of the out before them where two outs have one name.
 */
export interface InstanceMetrics {
  readonly instance: InstanceId;
  readonly state: ResultState;
  /** No run computed the result: existing files were taken (`run --adopt`). */
  readonly adopted: boolean;
  /** Empty for a result that is out of date: its labels and params identify it. */
  readonly axes: Readonly<Record<string, Value>>;
  readonly labels: Readonly<Record<string, string>>;
  /** The params that the numbers were computed with; empty if they are unknown. */
  readonly params: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, MetricValue>>;
  /** The bounds that the files state, for those of `values` that have some. */
  readonly intervals?: Readonly<Record<string, readonly [low: number, high: number]>>;
  /**
   * Those whose bounds the files call a range: the least and the greatest of too few rows for an interval.
   */
  readonly ranges?: readonly string[];
  /** The numbers of rows of `values`, where the files have them. */
  readonly rows?: Readonly<Record<string, number>>;
  /** The metric, a name of `values`, by which it is the best: see `best` of the pipeline file. */
  readonly best?: string;
  /** Outs whose numbers cannot be read. */
  readonly faults: readonly FileProblem[];
}

/** A result with its provenance: from the cache, and from the events of the run that computed it. */
export interface TracedResult {
  readonly instance: InstanceId;
  readonly stage: string;
  /** How its axes are labelled. */
  readonly labels: Readonly<Record<string, string>>;
  readonly key: Key;
  /** The run that computed it; undefined: another machine did, or its record is gone. */
  readonly run: string | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly device: InstanceHistory['device'];
  readonly params: Readonly<Record<string, Value>>;
  readonly metrics: Readonly<Record<string, MetricValue>>;
  /** Outs of kind `metrics` whose numbers cannot be read. */
  readonly faults: readonly FileProblem[];
  /** What the stage reported by step in that run: after an interruption, from the checkpoint on. */
  readonly series: InstanceHistory['series'];
  /** Its outs that are files: their kind, and where the content can be read, from the project root. */
  readonly files: Readonly<Record<string, { readonly kind: OutKind; readonly file: string }>>;
}

/**
 * The result of an instance with an out of kind `model`, and the results that were made from this model
 * alone.
 */
export interface ModelResults {
  readonly model: TracedResult;
  readonly evaluations: readonly TracedResult[];
}

/** The model of an instance: where it is, and what it is used with. Nothing is computed to find it. */
export interface ModelPlace {
  readonly instance: InstanceId;
  readonly state: InstanceStatus['state'];
  /** Its out of kind `model`, from the project root. */
  readonly folder: string;
  /**
   * Its dep `base`, from the project root or absolute; undefined: it has none, or one of the hub that is not
   * here.
   */
  readonly base: string | undefined;
  /** How the pipeline file names the base: a path, an instance, `hf:owner/name@revision`. */
  readonly baseName: string | undefined;
  readonly params: Readonly<Record<string, Value>>;
  /** The results that depend on this model alone. */
  readonly evaluations: readonly EvaluationOfModel[];
}

export interface EvaluationOfModel {
  readonly instance: InstanceId;
  readonly stage: string;
  readonly params: Readonly<Record<string, Value>>;
  /** Whether it has an out of kind `metrics`. */
  readonly isScored: boolean;
  readonly cpus: number;
}

/** The trackers that the pipeline file and the machine files name, and their settings. */
export interface Tracking {
  readonly pipeline: string;
  /** The instances that leave a model. */
  readonly models: readonly InstanceId[];
  readonly trackers: readonly TrackerSettings[];
}

/** How the Hugging Face hub is reached, by the environment. */
export interface HubAccess {
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The network must not be used. */
  readonly offline: boolean;
  /** Whether large files may be uploaded by Xet, if the hub supports it. */
  readonly xet: boolean;
  /**
   * The fetch that goes through the proxy. `silence`: milliseconds without a byte after which a connection
   * counts as broken. The error describes a fault in the proxy's URL.
   */
  readonly connect: (silence: number) => Promise<Result<ProxiedFetch>>;
}

/** The results file that was written, `results.json` beside `pipeline.yaml`. */
export interface WrittenResults {
  /** From the project root. */
  readonly file: string;
  readonly instances: number;
  /** Whether it differs from the previous file. */
  readonly changed: boolean;
  /** Instances without a result that is up to date: they are left out. */
  readonly leftOut: readonly InstanceId[];
}

/** How the results file differs from the project's current results. */
export interface ResultsCheck {
  readonly file: string;
  /** Of the same manifest, with the same metrics. */
  readonly same: number;
  /** Of a manifest that differs only in the platform. */
  readonly platformOnly: readonly InstanceId[];
  readonly differences: readonly ResultsDifference[];
}

/**
 * `changed`: its inputs changed. `metrics`: the numbers in the file differ from those of the result.
 * `missing`: the file has no line for it. `gone`: it is no longer in the pipeline file. `unknown`: a
 * dependency has no result here, so its manifest is unknown.
 */
export interface ResultsDifference {
  readonly instance: string;
  readonly kind: 'changed' | 'metrics' | 'missing' | 'gone' | 'unknown';
}

/** The metrics of a commit. */
export interface MetricsAtCommit {
  /** Seven digits of it. */
  readonly commit: string;
  readonly metrics: readonly InstanceMetrics[];
}

/** Where the results of a commit can be read. */
export interface ResultsAt {
  /** Seven digits of the commit. */
  readonly commit: string;
  readonly results: readonly ResultFiles[];
  /** Instances whose results are known, and not in the cache any more. */
  readonly evicted: readonly InstanceId[];
}

/** The files that are an instance's result. */
export interface ResultFiles {
  readonly instance: InstanceId;
  readonly state: ResultState;
  /** Where the content of an out can be read, from the project root: outs that are files. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Verification {
  readonly objects: number;
  readonly bytes: number;
  /** The faults; empty: all is well. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

export interface RerunVerification {
  readonly instance: InstanceId;
  /** Outs whose bytes came out different; empty: the stage is deterministic as far as seen. */
  readonly different: readonly DifferentOut[];
}

export interface Collected {
  readonly entries: number;
  /** The deleted results, in the order in which they were chosen. */
  readonly removed: readonly RemovedResult[];
  /** What the objects of the remaining results take. */
  readonly bytesLeft: number;
  readonly objects: number;
  readonly files: readonly string[];
  readonly bytes: number;
  readonly kept: KeptResults;
}

/** A result that was deleted, and why. */
export interface RemovedResult {
  readonly key: Key;
  /** The instance that it was last computed for; null: unknown, as for a fetched result. */
  readonly instance: string | null;
  /** The day on which a run made or used it last, as "2026-11-29". */
  readonly lastUse: string;
  /** What that frees. */
  readonly bytes: number;
  /**
   * No pipeline file names it; it was not used for longer than the limit; results took more than the limit.
   */
  readonly because: 'unnamed' | 'unused' | 'size';
}

/** Paths that were not deleted, and why. */
export interface KeptResults {
  /** Results that nothing names, within the limits of size and age. */
  readonly withinLimits: number;
  /** Results that a pipeline file names. */
  readonly named: number;
  /** Results that no pipeline file names, and one of the last runs made. */
  readonly recent: number;
  /** Outs of instances that no pipeline file names. */
  readonly files: readonly {
    readonly path: string;
    readonly because: 'edited' | 'below-a-link' | 'unreadable';
  }[];
  /** Instances whose jobs were left to queues, and may go on or are taken up by the next run. */
  readonly attempts: readonly { readonly pipeline: string; readonly instance: string }[];
}

export interface GcRequest {
  readonly dryRun: boolean;
  /** The results of the last so many runs are kept, named or not. */
  readonly keepRuns: number;
  /** The objects of results may take so many bytes. With a limit, only what exceeds it is deleted. */
  readonly maxBytes?: number | undefined;
  /** Results that were not used for more days exceed the limit of age. */
  readonly unusedDays?: number | undefined;
  /** The limits hold for results that a pipeline file names, too. */
  readonly named?: boolean;
}

/** Inputs that an instance cut to a limit of tokens. */
export interface Truncation {
  readonly instance: InstanceId;
  readonly what: string;
  readonly count: number;
  readonly of: number;
  readonly limit: number;
}

/** An out that an instance declares. */
export interface Artifact {
  readonly instance: InstanceId;
  readonly out: string;
  readonly path: string;
  readonly kind: OutKind;
  /** Whether it is there. */
  readonly there: boolean;
}

/** The instances whose jobs in queues were cancelled. */
export interface CancelledJobs {
  readonly cancelled: readonly string[];
}
