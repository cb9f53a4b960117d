import type { Result } from '../result.ts';
import type { Value } from '../stage/context.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Event, Outcome } from './event.ts';
import type { InstanceId, Key, RunId } from './identity.ts';
import type { Reason } from './manifest/reason.ts';
import type { OutKind } from './plan/instance.ts';

/** Which pipeline file of which project, as the command line names them. */
export interface ProjectOptions {
  /** Where the command was started: the project is the nearest folder upwards that holds a pipeline.yaml. */
  readonly folder: string;
  /** `-f FILE`, from `folder`; without it the project's pipeline.yaml. */
  readonly file?: string;
  /** `--set K=V`, in order. */
  readonly set?: readonly string[];
}

/** Why nothing could be done, each with the exit code that it stands for. */
export type Problem =
  /** The pipeline file, or what it names: exit 2. `sources`: the texts that the diagnostics point into, by file. */
  | { readonly kind: 'invalid'; readonly diagnostics: readonly Diagnostic[]; readonly sources: ReadonlyMap<string, string> }
  /** Another run is on: exit 3. `pid`: undefined where the holder has not said yet who it is. */
  | { readonly kind: 'busy'; readonly pid: number | undefined; readonly since: number | undefined }
  /** The store cannot be read: exit 4. */
  | { readonly kind: 'damaged'; readonly message: string };

/** Which instances of the plan a command is about. */
export interface Selection {
  /** Patterns as they were typed: "train", "train[*,gs_*]", "train:aimc,lora"; none: all. */
  readonly patterns: readonly string[];
  /** `needs`: those and what they need; `only`: just those; `from`, `until`: the part of the graph from or up to them. */
  readonly mode: 'needs' | 'only' | 'from' | 'until';
}

export interface RunRequest extends Selection {
  readonly force: boolean;
  readonly keepGoing: boolean;
  /** Only what failed, was blocked or was interrupted when it was last asked for. */
  readonly retryFailed: boolean;
  /** How many instances at once; undefined: as many as the CPUs carry. */
  readonly jobs?: number;
  /** Seconds to wait for another run to end; Infinity: as long as it takes; 0: not at all. */
  readonly waitSeconds: number;
}

/** How the user stops a run: the first ends stages gently, the second kills them. The reason of `gentle` is the signal. */
export interface StopSignals {
  readonly gentle: AbortSignal;
  readonly hard: AbortSignal;
}

/** How a run ended. What each instance did is in the events as well. */
export interface RunSummary {
  readonly run: RunId;
  readonly seconds: number;
  readonly exitCode: 0 | 1 | 130 | 143;
  readonly outcomes: ReadonlyMap<InstanceId, Outcome>;
}

/** What a run would do. */
export interface Forecast {
  readonly willRun: readonly { readonly instance: InstanceId; readonly because: readonly Reason[] }[];
  /** What follows something that runs: whether it runs is known when that is done. `after`: what it waits for. */
  readonly mayRun: readonly { readonly instance: InstanceId; readonly after: readonly InstanceId[] }[];
  readonly cached: readonly InstanceId[];
}

export interface InstanceStatus {
  readonly instance: InstanceId;
  readonly state: 'up-to-date' | 'restorable' | 'out-of-date' | 'waiting' | 'failed' | 'interrupted' | 'running';
  readonly because: readonly Reason[];
  /** When its last result was made, milliseconds since the epoch. */
  readonly at: number | undefined;
}

export interface Status {
  readonly pipeline: string;
  readonly instances: readonly InstanceStatus[];
  /** Results and files in the project that no pipeline file names any more; `gc` deletes them. */
  readonly unnamed: readonly { readonly instance: InstanceId; readonly path: string }[];
}

export interface Explanation {
  readonly instance: InstanceId;
  readonly state: InstanceStatus['state'];
  /** Undefined while a dep's content is not known. */
  readonly key: Key | undefined;
  readonly because: readonly Reason[];
  /** What has to run first for the key to be known. */
  readonly after: readonly InstanceId[];
  /** The manifest as it is now, as a plain value. */
  readonly manifest: Value | undefined;
}

export interface Graph {
  readonly pipeline: string;
  readonly instances: readonly { readonly id: InstanceId; readonly stage: string; readonly description: string }[];
  readonly edges: readonly { readonly from: InstanceId; readonly to: InstanceId }[];
}

/** The output and the messages of an instance's last attempt, or of the attempt in the run that is named. */
export interface InstanceLog {
  readonly run: RunId;
  readonly instance: InstanceId;
  readonly events: readonly Event[];
  /** What it printed, each a file from the project root, in the order of the attempts. */
  readonly files: readonly string[];
}

export interface RunRecord {
  readonly run: RunId;
  readonly pipeline: string;
  readonly file: string;
  readonly startedAt: number;
  /** Undefined: still on, or killed. */
  readonly finishedAt: number | undefined;
  readonly exitCode: number | undefined;
  /** Whether its process still lives. */
  readonly running: boolean;
  readonly counts: Readonly<Record<Outcome['kind'], number>>;
}

/** The metrics of one instance: the numbers of its outs of kind `metrics`, nested names joined by ".". */
export interface InstanceMetrics {
  readonly instance: InstanceId;
  readonly axes: Readonly<Record<string, Value>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, Value>>;
  readonly values: Readonly<Record<string, number>>;
}

export interface Verification {
  readonly objects: number;
  readonly bytes: number;
  /** What is wrong; empty: all is well. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

export interface RerunVerification {
  readonly instance: InstanceId;
  /** Outs whose bytes came out different; empty: the stage is deterministic as far as seen. */
  readonly different: readonly { readonly out: string; readonly files: readonly string[] }[];
}

export interface Collected {
  readonly entries: number;
  readonly objects: number;
  readonly files: readonly string[];
  readonly bytes: number;
}

export interface GcRequest {
  readonly dryRun: boolean;
  /** The results of the last so many runs are kept, named or not. */
  readonly keepRuns: number;
}

/** The out of an instance, where it stands. */
export interface Artifact {
  readonly instance: InstanceId;
  readonly out: string;
  readonly path: string;
  readonly kind: OutKind;
}

/** A project as the command line sees it. Each call reads the pipeline file anew. */
export interface Project {
  readonly root: string;
  /** Runs what is out of date. `onEvent` is called for each event, in order, as it happens. */
  run(request: RunRequest, onEvent: (event: Event) => void, stop: StopSignals): Promise<Result<RunSummary, Problem>>;
  dryRun(request: RunRequest): Promise<Result<Forecast, Problem>>;
  status(selection: Selection): Promise<Result<Status, Problem>>;
  /** `instance`: as it was typed. */
  explain(instance: string): Promise<Result<Explanation, Problem>>;
  graph(selection: Selection): Promise<Result<Graph, Problem>>;
  /** Undefined: it never ran (in that run). */
  log(instance: string, run?: string): Promise<Result<InstanceLog | undefined, Problem>>;
  history(limit: number): Promise<Result<readonly RunRecord[], Problem>>;
  metrics(selection: Selection): Promise<Result<readonly InstanceMetrics[], Problem>>;
  /** Where the outs stand that exist. */
  artifacts(selection: Selection): Promise<Result<readonly Artifact[], Problem>>;
  verify(): Promise<Result<Verification, Problem>>;
  verifyRerun(instance: string, onEvent: (event: Event) => void, stop: StopSignals): Promise<Result<RerunVerification, Problem>>;
  gc(request: GcRequest): Promise<Result<Collected, Problem>>;
  close(): void;
}
