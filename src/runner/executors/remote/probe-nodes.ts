import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../../result.ts';
import { jobsFolder } from '../../workspace/cache-layout.ts';
import type { Handle, Job, Platform } from '../executor.ts';
import { type JobFile, queueLogPath } from './job-file.ts';
import type { Queue, QueuedJob } from './queue.ts';
import { textAt } from './text-at.ts';
import { handleFor, resultOf } from './ticket.ts';
import type { TrackedJob, TrackedJobs } from './tracked-jobs.ts';

interface ProbeTools {
  readonly root: string;
  readonly queue: Queue;
  readonly jobs: TrackedJobs;
  /** Writes the files of a job. */
  readonly write: (job: Job, place: string, more: Partial<JobFile>) => Promise<QueuedJob>;
}

/**
 * Finds out by a tiny job what the nodes are; undefined: it was cancelled. The error says why it could not.
 */
export async function probeNodes(
  { root, queue, jobs, write }: ProbeTools,
  signal: AbortSignal,
  onWait: () => void,
): Promise<Result<Platform | undefined>> {
  const nonce = randomBytes(16).toString('hex');
  const folder = join(root, jobsFolder, `probe-${nonce}`);
  mkdirSync(folder, { recursive: true });
  const job = probeJob(nonce, root, folder);
  const [place = nonce] = queue.places([job]);
  try {
    const [submission] = await queue.submit([await write(job, place, { program: { kind: 'probe' } })]);
    if (submission?.kind !== 'submitted')
      return { ok: false, error: submission?.message ?? 'it was not submitted' };
    const handle = handleFor({ nonce, folder, place, id: submission.id });
    const { status } = await waitUntilGone(jobs, handle, signal, onWait);
    if (signal.aborted || (status?.kind === 'pending' && status.stuck !== undefined)) {
      await queue.cancel([{ place, id: status?.id ?? submission.id }]);
      const stuck = status?.kind === 'pending' ? status.stuck : undefined;
      return stuck === undefined ? { ok: true, value: undefined } : { ok: false, error: stuck };
    }
    const result = resultOf({ nonce, folder });
    if (result?.ending.kind === 'refused') return { ok: false, error: result.ending.message };
    if (result === undefined)
      return {
        ok: false,
        error: `the job that inspects the nodes left no result${tailOf(queueLogPath(folder, nonce))}`,
      };
    return { ok: true, value: result.platform };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until a job is gone, or will never be. */
async function waitUntilGone(
  { poll, track, stateOf, forget, tick }: TrackedJobs,
  handle: Handle,
  signal: AbortSignal,
  onWait: () => void,
): Promise<TrackedJob> {
  for (let polls = 1; ; polls += 1) {
    await poll([handle]);
    const job = track(handle);
    const isStuck = job.status?.kind === 'pending' && job.status.stuck !== undefined;
    if (signal.aborted || isStuck || stateOf(handle) === 'gone') {
      forget(handle);
      return job;
    }
    // An idle queue starts it before the second poll.
    if (polls === 2 && job.status?.kind === 'pending') onWait();
    await tick();
  }
}

const tailOf = (path: string): string => {
  const last = textAt(path)?.trimEnd().split('\n').at(-1) ?? '';
  return last === '' ? '' : `: ${last}`;
};

const probeJob = (nonce: string, root: string, folder: string): Job => ({
  nonce,
  name: 'pipeline-probe',
  program: { kind: 'command', words: [] },
  root,
  folder,
  environment: {},
  output: join(folder, 'output.txt'),
  resources: { cpus: 1, gpus: 0, memory: 0 },
  gpus: [],
  timeoutSeconds: null,
  scratch: folder,
  stamps: new Map(),
});
