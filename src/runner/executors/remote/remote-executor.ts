import { appendFileSync, rmSync } from 'node:fs';
import type { QueueSettings } from '../../pipeline-file/executor-settings.ts';
import type { Executor, Job, JobHost, Platform } from '../executor.ts';
import type { HelperPrograms } from '../helper-programs.ts';
import { claimPath, eventsPath, type JobFile, jobFilePath, parseOwn, queueLogPath } from './job-file.ts';
import { jobResult, withoutResult } from './job-result.ts';
import { mapAtMost } from './map-at-most.ts';
import { probeNodes } from './probe-nodes.ts';
import type { Queue, QueuedJob } from './queue.ts';
import { readShared } from './shared-file.ts';
import { textAt } from './text-at.ts';
import { handleFor, resultOf } from './ticket.ts';
import { trackedJobs } from './tracked-jobs.ts';
import { writeJob } from './write-job.ts';

export interface RemoteHost {
  readonly root: string;
  readonly helpers: HelperPrograms;
  /** The nodes' platform; undefined: not known yet. */
  readonly platform: { get(): Platform | undefined; set(platform: Platform): void };
}

/**
 * Jobs in a queue on other machines that see the project under the same path. They outlive the runner. Only
 * the result file that a job's wrapper writes decides its outcome; a queue that reports a job as gone, or
 * omits it, only starts a grace period.
 */
export function remoteExecutor(
  name: string,
  queue: Queue,
  { jobs: mostJobs = 100, interval = 10, grace = 60, setup = [] }: QueueSettings,
  { root, helpers, platform }: RemoteHost,
): Executor {
  const jobs = trackedJobs(queue, { interval, grace });
  const write = (job: Job, place: string, more?: Partial<JobFile>): Promise<QueuedJob> =>
    writeJob({ root, helpers, platform: platform.get(), setup }, job, place, more);

  return {
    name,
    get platform() {
      return platform.get() ?? ownPlatform;
    },
    leavesJobs: true,
    restarts: 3,
    capacity: () => ({
      jobs: mostJobs,
      cpus: Number.MAX_SAFE_INTEGER,
      memory: Number.MAX_SAFE_INTEGER,
      gpus: () => undefined,
    }),
    async prepare(signal, onWait) {
      if (platform.get() !== undefined) return undefined;
      const found = await probeNodes({ root, queue, jobs, write }, signal, onWait);
      if (!found.ok) return found.error;
      if (found.value !== undefined) platform.set(found.value);
      return undefined;
    },
    async submit(orders) {
      const places = queue.places(orders);
      const queued = await mapAtMost(filesAtOnce, orders, (job, index) =>
        write(job, places[index] ?? job.nonce),
      );
      const submissions = await queue.submit(queued);
      return queued.map(({ job, place }, index) => {
        const submission = submissions[index] ?? { kind: 'refused', message: 'it was not submitted' };
        const id = submission.kind === 'submitted' ? submission.id : '';
        const handle = handleFor({ nonce: job.nonce, folder: job.folder, place, id });
        jobs.track(handle).refusal = submission.kind === 'refused' ? submission.message : undefined;
        return handle;
      });
    },
    async poll(handles) {
      await jobs.poll(handles);
      return handles.map(jobs.stateOf);
    },
    changed: jobs.tick,
    async result({ handle, nonce, folder }) {
      const job = jobs.track(handle);
      job.lines?.read();
      if (job.refusal !== undefined) return { kind: 'refused', message: job.refusal };
      const result = resultOf({ nonce, folder });
      jobs.forget(handle);
      if (result !== undefined) {
        if (result.ending.kind === 'platform-differs') platform.set(result.platform);
        return jobResult(result, folder, job);
      }
      const queueLog = textAt(queueLogPath(folder, nonce)) ?? '';
      const output = parseOwn<JobFile>(readShared(jobFilePath(folder)))?.output;
      if (output !== undefined && queueLog !== '') appendFileSync(output, queueLog);
      // Its remaining processes are fenced off: they publish nothing from now on.
      rmSync(jobFilePath(folder), { force: true });
      return withoutResult(job, queueLog);
    },
    hostOf({ nonce, folder }) {
      const claim = parseOwn<JobHost & { readonly nonce: string }>(readShared(claimPath(folder, nonce)));
      return claim && { host: claim.host, cpu: claim.cpu };
    },
    follow: ({ handle, nonce, folder }, onLine) => jobs.follow(handle, eventsPath(folder, nonce), onLine),
    cancel: jobs.cancel,
    async recover(nonce, folder) {
      const job = parseOwn<JobFile>(readShared(jobFilePath(folder)));
      return job?.nonce === nonce ? handleFor({ nonce, folder, place: job.place, id: '' }) : undefined;
    },
    endLeftovers: async () => undefined,
    close: jobs.close,
  };
}

/** Files that are written at once: a disk takes about as long for several as for one. */
const filesAtOnce = 16;

const ownPlatform: Platform = {
  os: process.platform,
  arch: process.arch,
  node: process.versions.node.split('.')[0] ?? '',
};
