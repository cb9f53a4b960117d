import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  type Executor,
  type Handle,
  handleOf,
  type Job,
  type JobHost,
  type JobResult,
  type JobState,
} from '../../src/runner/executors/executor.ts';

/** A job as the test sees it: it starts, ends and disappears when the test says so. */
export interface FakeJob {
  readonly job: Job;
  readonly handle: Handle;
  state: JobState;
  result: JobResult | undefined;
  /** What it was asked to end with. */
  readonly cancelled: (number | null)[];
  /** Prints a line on its event descriptor. */
  tell(message: object): void;
  /** Writes its outs, by name, and ends. */
  finish(outs: Readonly<Record<string, string>>, code?: number): void;
  /** Is gone, and leaves no result. */
  lose(): void;
}

/**
 * An executor whose jobs are no processes: they outlive the runner, like those of a queue on another machine.
 */
export interface FakeExecutor extends Executor {
  /** In the order of their submission. */
  readonly jobs: FakeJob[];
  /** How many jobs came with each submission. */
  readonly batches: number[];
  /** The next job, when it was submitted. */
  nextJob(): Promise<FakeJob>;
  /** Where its jobs run. */
  host: JobHost | undefined;
  /** Called before a handle is given: what it throws is the death of the runner. */
  beforeHandles: () => Promise<void>;
}

export function fakeExecutor(platform = { os: 'hpux', arch: 'parisc', node: '20' }): FakeExecutor {
  const jobs: FakeJob[] = [];
  const batches: number[] = [];
  const lines = new Map<Handle, { readonly written: string[]; listeners: ((line: string) => void)[] }>();
  let taken = 0;
  let wake: (() => void)[] = [];
  let submitted: (() => void)[] = [];

  function change(): void {
    for (const resolve of wake.splice(0)) resolve();
  }
  function found(handle: Handle): FakeJob | undefined {
    return jobs.find((job) => job.handle === handle);
  }
  function start(job: Job): Handle {
    const handle = handleOf(`job-${jobs.length + 1}`);
    const output = { written: [] as string[], listeners: [] as ((line: string) => void)[] };
    lines.set(handle, output);
    const fake: FakeJob = {
      job,
      handle,
      state: 'pending',
      result: undefined,
      cancelled: [],
      tell(message) {
        const line = JSON.stringify(message);
        output.written.push(line);
        for (const listener of output.listeners) listener(line);
      },
      finish(outs, code = 0) {
        const context: { outs: Record<string, string> } = JSON.parse(
          readFileSync(join(job.folder, 'context.json'), 'utf8'),
        );
        for (const [name, text] of Object.entries(outs)) {
          const place = join(job.root, context.outs[name] ?? name);
          mkdirSync(dirname(place), { recursive: true });
          writeFileSync(place, text);
        }
        appendFileSync(job.output, `ended with ${code}\n`);
        fake.result = { kind: 'exit', code, stopped: fake.cancelled.length > 0 };
        fake.state = 'gone';
        change();
      },
      lose() {
        fake.state = 'gone';
        change();
      },
    };
    jobs.push(fake);
    for (const resolve of submitted.splice(0)) resolve();
    return handle;
  }

  const executor: FakeExecutor = {
    name: 'fake',
    leavesJobs: false,
    restarts: 0,
    platform,
    jobs,
    batches,
    host: undefined,
    beforeHandles: async () => undefined,
    capacity: (wanted) => ({ jobs: wanted ?? 100, cpus: 1000, gpus: () => [], memory: 2 ** 50 }),
    async submit(orders) {
      batches.push(orders.length);
      const handles = orders.map(start);
      await executor.beforeHandles();
      return handles;
    },
    poll: async (handles) => handles.map((handle) => found(handle)?.state ?? 'gone'),
    changed: () =>
      new Promise((resolve) => {
        wake.push(resolve);
      }),
    result: async ({ handle }) => found(handle)?.result,
    hostOf: () => executor.host,
    follow({ handle }, onLine) {
      const output = lines.get(handle);
      for (const line of output?.written ?? []) onLine(line);
      output?.listeners.push(onLine);
    },
    cancel(handles, grace) {
      for (const handle of handles) found(handle)?.cancelled.push(grace);
    },
    recover: async (nonce) => jobs.find(({ job }) => job.nonce === nonce)?.handle,
    endLeftovers: async () => undefined,
    close: () => undefined,
    async nextJob() {
      while (jobs.length <= taken)
        await new Promise<void>((resolve) => {
          submitted.push(resolve);
        });
      const job = jobs[taken];
      if (job === undefined) throw new Error('no job');
      taken += 1;
      return job;
    },
  };
  return executor;
}
