import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import type { Executor, Handle, Job, JobResult, JobState, SubmittedJob } from '../executors/executor.ts';

/** The jobs of a run: submitted together, and polled together. */
export interface Jobs {
  /** Submits a job, with the others that become ready at about the same time. */
  submit(job: Job): Promise<Handle>;
  /** The state of a job, polled together with the others that were submitted with it. */
  state(attempt: SubmittedJob): Promise<JobState>;
  /** How a job ended, when it has. Undefined: it is gone and left no result. */
  ended(attempt: SubmittedJob): Promise<JobResult | undefined>;
  /** Its end is not waited for any more. */
  leave(attempt: SubmittedJob): void;
  /** Claims a GPU for a job until the run is over; absent: somebody else assigns them. */
  readonly claimGpu: Executor['claimGpu'];
}

interface Waiting {
  readonly attempt: SubmittedJob;
  readonly resolve: (result: JobResult | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface Question {
  readonly handle: Handle;
  readonly resolve: (state: JobState) => void;
  readonly reject: (error: unknown) => void;
}

interface Submission {
  readonly job: Job;
  readonly resolve: (handle: Handle) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Instances that are ready together are prepared one after the other; a queue takes longer than this anyway.
 */
const gatherMilliseconds = 200;

/** The jobs of all executors of a run. */
export interface JobsOfRun {
  of(executor: Executor): Jobs;
  /** No job of the run is waited for any more. */
  close(): void;
}

/** The jobs of a run, none yet; each executor has one `Jobs`, made at its first use. */
export function jobsOfRun(): JobsOfRun {
  const opened = new Map<Executor, Jobs>();
  return {
    of(executor) {
      const jobs = opened.get(executor) ?? jobsOf(executor);
      opened.set(executor, jobs);
      return jobs;
    },
    close() {
      for (const executor of opened.keys()) executor.close();
    },
  };
}

function jobsOf(executor: Executor): Jobs {
  let submissions: Submission[] = [];
  let questions: Question[] = [];
  const waiting = new Map<Handle, Waiting>();
  let isWatching = false;
  let wake: (() => void) | undefined;

  async function submitAll(): Promise<void> {
    await (executor.leavesJobs ? pause(gatherMilliseconds) : setImmediate());
    const batch = submissions;
    submissions = [];
    try {
      const handles = await executor.submit(batch.map(({ job }) => job));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const handle = handles[index];
        if (handle === undefined) reject(new Error(`${executor.name} gave no handle for a job`));
        else resolve(handle);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function askAll(): Promise<void> {
    await setImmediate();
    const batch = questions;
    questions = [];
    try {
      const states = await executor.poll(batch.map(({ handle }) => handle));
      for (const [index, { resolve }] of batch.entries()) resolve(states[index] ?? 'unknown');
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function watch(): Promise<void> {
    isWatching = true;
    try {
      while (waiting.size > 0) {
        const added = new Promise<void>((resolve) => {
          wake = resolve;
        });
        if (!(await endFinished()) && waiting.size > 0) await Promise.race([executor.changed(), added]);
      }
    } catch (error) {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    } finally {
      isWatching = false;
    }
  }
  /** Returns whether a job was gone. */
  async function endFinished(): Promise<boolean> {
    const polled = [...waiting.values()];
    const states = await executor.poll(polled.map(({ attempt }) => attempt.handle));
    const gone = polled.filter((_, index) => states[index] === 'gone');
    for (const { attempt, resolve } of gone) {
      waiting.delete(attempt.handle);
      resolve(await executor.result(attempt));
    }
    return gone.length > 0;
  }

  return {
    submit(job) {
      return new Promise((resolve, reject) => {
        submissions.push({ job, resolve, reject });
        if (submissions.length === 1) void submitAll();
      });
    },
    state({ handle }) {
      return new Promise((resolve, reject) => {
        questions.push({ handle, resolve, reject });
        if (questions.length === 1) void askAll();
      });
    },
    ended(attempt) {
      return new Promise((resolve, reject) => {
        waiting.set(attempt.handle, { attempt, resolve, reject });
        if (isWatching) wake?.();
        else void watch();
      });
    },
    leave({ handle }) {
      waiting.delete(handle);
      wake?.();
    },
    claimGpu: executor.claimGpu?.bind(executor),
  };
}
