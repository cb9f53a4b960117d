import type { Resources } from '../plan/instance.ts';

/**
 * Where stages run: the processes of this machine, or the queue of a cluster. Only what is behind this port
 * knows a process, a supervisor or a queue. An executor may outlive the runner: its jobs go on, and the next
 * run finds them by what was stored with the attempt.
 */
export interface Executor {
  /** Stored with each attempt: a handle is given back only to the executor that made it. */
  readonly name: string;
  /** Where its jobs run. It is in the manifests of their results. */
  readonly platform: Platform;
  /**
   * What its jobs may use together. `jobs`: how many the user wants at once; undefined: as many as it
   * carries.
   */
  capacity(jobs: number | undefined): Capacity;
  /**
   * Starts jobs, and gives a handle for each, in their order. It does not reject: a job that could not be
   * started has a result that says why.
   */
  submit(jobs: readonly Job[]): Promise<readonly Handle[]>;
  /** Where jobs stand, in the order of their handles: those of an earlier runner too. */
  poll(handles: readonly Handle[]): Promise<readonly JobState[]>;
  /**
   * Resolves when `poll` may answer otherwise than the last time: when a job ended, or when it is time to ask
   * again.
   */
  changed(): Promise<void>;
  /** How a job ended; undefined: it left no result. Only asked for a job that is gone. */
  result(attempt: SubmittedJob): Promise<JobResult | undefined>;
  /**
   * Hands on each line that the job writes on its event descriptor, from the first, until its result is
   * known; null: a line too long to be a message.
   */
  follow(attempt: SubmittedJob, onLine: (line: string | null) => void): void;
  /** Asks jobs to end. `graceSeconds`: until they are killed; null: they may take their time. */
  cancel(handles: readonly Handle[], graceSeconds: number | null): void;
  /**
   * The handle of a job that was submitted by a runner that died before it stored the handle; undefined:
   * there is none.
   */
  recover(nonce: string): Promise<Handle | undefined>;
  /** Ends what a dead runner's jobs left behind, as far as they do not outlive their runner by design. */
  endLeftOvers(): Promise<void>;
  /** The run is over, and no job of it is running. */
  close(): void;
}

declare const brand: unique symbol;
/** What an executor knows a job by, as a text that can be stored. */
export type Handle = string & { readonly [brand]: 'handle' };

/** Where a job stands. `gone`: it is over, or was never there. `unknown`: the executor cannot tell now. */
export type JobState = 'pending' | 'running' | 'gone' | 'unknown';

export interface Platform {
  readonly os: string;
  readonly arch: string;
  /** The major version of the Node that runs stage programs. */
  readonly node: string;
}

/** What a machine, or the part of it that a run may use, has. */
export interface Capacity {
  readonly jobs: number;
  readonly cpus: number;
  /** The numbers of its GPUs; looked up when it is asked. */
  readonly gpus: () => readonly number[];
  /** Bytes. */
  readonly memory: number;
}

/** One attempt of an instance, as an executor starts it. Paths are absolute. */
export interface Job {
  /** What no other job has: letters, digits and "=". */
  readonly nonce: string;
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
  readonly gpus: readonly number[];
  /** The runner cancels a job that takes longer; null: no limit. */
  readonly timeoutSeconds: number | null;
}

export type JobProgram =
  /** The bundle of a stage program, for the executor's own Node. */
  | { readonly kind: 'stage'; readonly bundle: string }
  | { readonly kind: 'command'; readonly words: readonly string[] };

/** What is stored of a job that was submitted. */
export interface SubmittedJob {
  readonly handle: Handle;
  readonly nonce: string;
  /** The folder of the attempt, absolute. */
  readonly folder: string;
}

/** How a job ended; none of its processes is left. `stopped`: it had been cancelled before it ended. */
export type JobResult =
  (Ending & { readonly stopped: boolean }) | { readonly kind: 'refused'; readonly message: string };

/** How a process ended. */
export type Ending =
  { readonly kind: 'exit'; readonly code: number } | { readonly kind: 'signal'; readonly signal: string };

/** Takes a text for a handle: one that an executor makes, or that was stored. */
export function handleOf(text: string): Handle {
  if (!isHandle(text)) throw new Error('an empty handle');
  return text;
}

const isHandle = (text: string): text is Handle => text !== '';

/** Seconds between being asked to end and being killed, where nobody waits for a checkpoint. */
export const graceSeconds = 5;
