import type { GpuProcess, GpuRun, GpuUsage } from '../event.ts';
import type { Resources } from '../plan/instance.ts';

/**
 * The environment that stages run in: the processes of this machine, or the queue of a cluster. Only
 * implementations of this port know about processes, supervisors and queues. Jobs may outlive the runner: the
 * next run finds them by what was stored with the attempt.
 */
export interface Executor {
  /** Stored with each attempt: a handle is given back only to the executor that made it. */
  readonly name: string;
  /**
   * The platform that its jobs run on, as far as it is known. It is part of the manifests of their results.
   */
  readonly platform: Platform;
  /**
   * Whether a run that is stopped gently leaves its jobs to themselves, for a later run. Such an executor
   * counts a job's timeout itself, from the start of its program: a job may wait in a queue for days.
   */
  readonly leavesJobs: boolean;
  /** How often a job is started again that was lost through no fault of its program. */
  readonly restarts: number;
  /**
   * Queries its machines before anything is planned for them; returns why that failed. `onWait`: called once
   * if it has to wait for its turn. When aborted, it returns early.
   */
  prepare?(signal: AbortSignal, onWait: () => void): Promise<string | undefined>;
  /**
   * The resources that its jobs may use together. `jobs`: the number of parallel jobs that the user wants;
   * undefined: as many as fit.
   */
  capacity(jobs: number | undefined): Capacity;
  /**
   * Starts jobs, and returns a handle for each, in their order. It never rejects: a job that could not be
   * started has a result with the reason.
   */
  submit(jobs: readonly Job[]): Promise<readonly Handle[]>;
  /** The states of jobs, in the order of their handles: those of an earlier runner too. */
  poll(handles: readonly Handle[]): Promise<readonly JobState[]>;
  /** Resolves when `poll` may return something new: when a job ended, or when it is time to poll again. */
  changed(): Promise<void>;
  /** How a job ended; undefined: it left no result. Called only for jobs that are gone. */
  result(attempt: SubmittedJob): Promise<JobResult | undefined>;
  /** The machine that a job runs or ran on, if known. */
  hostOf(attempt: Pick<SubmittedJob, 'nonce' | 'folder'>): JobHost | undefined;
  /**
   * Hands on each line that the job writes on its event descriptor, from the first, until its result is
   * known; null: a line too long to be a message.
   */
  follow(attempt: SubmittedJob, onLine: (line: string | null) => void): void;
  /**
   * Tells from time to time what the GPUs of a job are doing, until it ends; absent: it is not known here.
   */
  followGpus?(handle: Handle, onUsage: (usage: GpuUsage) => void): void;
  /** What others compute on GPUs of the capacity; absent: it is not known here. */
  gpuProcesses?(gpus: readonly Gpu[]): Promise<readonly GpuProcess[]>;
  /**
   * Claims a GPU of the capacity among all runs on its machine; absent: somebody else assigns them.
   */
  claimGpu?(gpu: Gpu, by: Pick<GpuRun, 'project' | 'run' | 'instance'>): Promise<GpuClaim>;
  /** Asks jobs to stop. `graceSeconds`: until they are killed; null: they may take their time. */
  cancel(handles: readonly Handle[], graceSeconds: number | null): void;
  /**
   * The handle of a job that was submitted by a runner that died before it stored the handle; undefined:
   * there is none. `folder`: of its attempt, absolute.
   */
  recover(nonce: string, folder: string): Promise<Handle | undefined>;
  /** Ends what a dead runner's jobs left behind, as far as they do not outlive their runner by design. */
  endLeftovers(): Promise<void>;
  /** The run is over, and no job of it is running. */
  close(): void;
}

declare const brand: unique symbol;
/** An executor's handle of a job, as a text that can be stored. */
export type Handle = string & { readonly [brand]: 'handle' };

/**
 * The state of a job. `gone`: it is over, or never existed. `unknown`: the executor cannot determine it now.
 */
export type JobState = 'pending' | 'running' | 'gone' | 'unknown';

export interface Platform {
  readonly os: string;
  readonly arch: string;
  /** The major version of the Node that runs stage programs. */
  readonly node: string;
}

/** A machine that a job ran on. */
export interface JobHost {
  readonly host: string;
  /** The model of its CPUs: results are bit-identical on one model. */
  readonly cpu: string;
}

/** What a machine, or the part of it that a run may use, has. */
export interface Capacity {
  readonly jobs: number;
  readonly cpus: number;
  /** Its GPUs, queried at each call; undefined: the executor assigns them itself. */
  readonly gpus: () => readonly Gpu[] | undefined;
  /** Bytes. */
  readonly memory: number;
  /** The memory of its smallest GPU in bytes, queried at each call; undefined: unknown here. */
  readonly gpuMemory?: () => Promise<number | undefined>;
}

/** A GPU that is given to one job at a time. */
export interface Gpu {
  /** What CUDA_VISIBLE_DEVICES calls it: a number, or a UUID. */
  readonly name: string;
  /** The UUID of the card, where it is known and the name covers the whole card. */
  readonly card?: string | undefined;
  /** The UUID of a part of a card (MIG), where it is known. */
  readonly part?: string | undefined;
}

/** The answer to a claim on a GPU. */
export type GpuClaim =
  | { readonly kind: 'claimed'; release(): void }
  /** Another run has it; `by`: as far as it says. `freed` resolves when it may be free. */
  | {
      readonly kind: 'held';
      readonly by: GpuRun | undefined;
      readonly freed: Promise<void>;
      stopWaiting(): void;
    }
  /** Other runs cannot be seen from here. */
  | { readonly kind: 'unavailable'; readonly message: string };

/** One attempt of an instance, as an executor starts it. Paths are absolute. */
export interface Job {
  /** What no other job has: letters, digits and "=". */
  readonly nonce: string;
  /** The instance, for people. */
  readonly name: string;
  readonly program: JobProgram;
  /** The root of the project, where the job works. */
  readonly root: string;
  /** The folder of the attempt, which holds `context.json`. */
  readonly folder: string;
  /**
   * The whole environment, apart from what the executor itself sets: CUDA_VISIBLE_DEVICES and
   * PIPELINE_EVENTS.
   */
  readonly environment: Readonly<Record<string, string>>;
  /** The file that takes what the job prints. */
  readonly output: string;
  readonly resources: Resources;
  /** Which of the capacity's GPUs it may use. */
  readonly gpus: readonly Gpu[];
  /** A job that takes longer is cancelled; null: no limit. */
  readonly timeoutSeconds: number | null;
  /** The folder in which it finds its checkpoints. */
  readonly scratch: string;
  /** The stamps of its inputs at planning time, by path from the root or absolute. */
  readonly stamps: ReadonlyMap<string, string>;
}

export type JobProgram =
  /** The bundle of a stage program, for the executor's own Node. */
  | { readonly kind: 'stage'; readonly bundle: string }
  | { readonly kind: 'command'; readonly words: readonly string[] };

/** The stored data of a submitted job. */
export interface SubmittedJob {
  readonly handle: Handle;
  readonly nonce: string;
  /** The folder of the attempt, absolute. */
  readonly folder: string;
}

/** How a job ended; all its processes are gone. `stopped`: it had been cancelled before it ended. */
export type JobResult =
  | (Ending & { readonly stopped: boolean; readonly usage?: Usage | undefined })
  | { readonly kind: 'refused'; readonly message: string }
  | QueueResult;

/** What the processes of a job took. */
export interface Usage {
  readonly cpuSeconds: number;
  /** The measured peak of their total memory. */
  readonly peakMemoryBytes?: number;
}

/** How a job in a queue may end besides. */
type QueueResult =
  /** It was ended after its `timeoutSeconds`. */
  | { readonly kind: 'timeout' }
  /**
   * The queue's limit was near, or was reached. `hasCheckpoint`: it can go on from what this job computed.
   */
  | { readonly kind: 'time-limit'; readonly hasCheckpoint: boolean }
  | { readonly kind: 'out-of-memory' }
  /** The disk that it writes to is full, or its quota is used up. */
  | { readonly kind: 'disk'; readonly message: string }
  /** Somebody else ended it. */
  | { readonly kind: 'cancelled'; readonly message: string }
  /** Not a fault of its program: its node failed, or it is gone without a result. */
  | { readonly kind: 'lost'; readonly message: string }
  /** It was not started: it would have run on another platform than it was planned for. */
  | { readonly kind: 'platform-differs'; readonly platform: Platform; readonly host: string }
  /** It was not started: a file has changed since it was planned. */
  | { readonly kind: 'inputs-changed'; readonly path: string; readonly host: string };

/** How a process ended. */
export type Ending =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string };

/** Parses a handle: an executor's, or a stored one. */
export function handleOf(text: string): Handle {
  if (!isHandle(text)) throw new Error('an empty handle');
  return text;
}

const isHandle = (text: string): text is Handle => text !== '';

/** Seconds between SIGTERM and SIGKILL if there is no checkpoint to wait for. */
export const graceSeconds = 5;
