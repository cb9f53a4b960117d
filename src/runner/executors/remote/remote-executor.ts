import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, parseJson } from '../../../files/json.ts';
import type { QueueSettings } from '../../pipeline-file/executor-settings.ts';
import { jobsFolder } from '../../workspace/cache-layout.ts';
import {
  type Executor,
  type Handle,
  handleOf,
  type Job,
  type JobHost,
  type JobResult,
  type JobState,
  type Platform,
} from '../executor.ts';
import type { HelperPrograms } from '../helper-programs.ts';
import { type FollowedLines, followLines } from './follow-lines.ts';
import {
  claimPath,
  eventsPath,
  type JobFile,
  jobFilePath,
  parseOwn,
  queueLogPath,
  reservePath,
  type ResultFile,
  resultPath,
} from './job-file.ts';
import { mapAtMost } from './map-at-most.ts';
import type { KnownJob, Queue, QueuedJob, QueueEnding, QueueStatus } from './queue.ts';
import { readShared, writeShared } from './shared-file.ts';
import { storedProgram } from './stored-program.ts';

export interface RemoteHost {
  readonly root: string;
  readonly helpers: HelperPrograms;
  /** The nodes' platform; undefined: not known yet. */
  readonly platform: { get(): Platform | undefined; set(platform: Platform): void };
}

/** The stored data of a job: enough to find it again, even after the settings have changed. */
interface Ticket extends KnownJob {
  readonly nonce: string;
  /** Of its attempt, absolute. */
  readonly folder: string;
}

/** What this process has seen of a job. */
interface Tracked {
  status: QueueStatus | undefined;
  /** When the queue first reported the job as gone; undefined: it is there, or was not queried. */
  missingSince: number | undefined;
  isCancelled: boolean;
  lastReported: string | undefined;
  refusal: string | undefined;
  onLine: ((line: string | null) => void) | undefined;
  lines: FollowedLines | undefined;
}

/**
 * Jobs in a queue on other machines that see the project under the same path. They outlive the runner. Only
 * the result file that a job's wrapper writes decides its outcome; a queue that reports a job as gone, or
 * omits it, only starts a grace period.
 */
export function remoteExecutor(
  name: string,
  queue: Queue,
  { jobs = 100, interval = 10, grace = 60, setup = [] }: QueueSettings,
  { root, helpers, platform }: RemoteHost,
): Executor {
  const tracked = new Map<Handle, Tracked>();
  let statuses: ReadonlyMap<string, QueueStatus> | undefined;
  let nextPoll = 0;
  let polling: Promise<void> | undefined;
  let wake: (() => void) | undefined;

  function track(handle: Handle): Tracked {
    const known = tracked.get(handle);
    if (known !== undefined) return known;
    const made: Tracked = {
      status: undefined,
      missingSince: undefined,
      isCancelled: false,
      lastReported: undefined,
      refusal: undefined,
      onLine: undefined,
      lines: undefined,
    };
    tracked.set(handle, made);
    return made;
  }

  /** Polls the queue if it is time to; never twice at once. */
  async function pollQueue(handles: readonly Handle[]): Promise<void> {
    if (polling === undefined && performance.now() < nextPoll) return;
    polling ??= askQueue(handles).finally(() => {
      polling = undefined;
    });
    await polling;
  }

  async function askQueue(handles: readonly Handle[]): Promise<void> {
    const tickets = handles.flatMap((handle) =>
      track(handle).refusal === undefined ? [ticketOf(handle)] : [],
    );
    statuses = tickets.length === 0 ? new Map() : await queue.statuses(tickets);
    nextPoll = performance.now() + interval * 1000;
    if (statuses === undefined) return;
    for (const handle of handles) {
      const job = track(handle);
      job.status = statuses.get(ticketOf(handle).place);
      const isThere = job.status !== undefined && job.status.kind !== 'ended';
      job.missingSince = isThere ? undefined : (job.missingSince ?? performance.now());
      reportStatus(job);
    }
    const again = handles.filter((handle) => {
      const { isCancelled, status } = track(handle);
      return isCancelled && status !== undefined && status.kind !== 'ended';
    });
    if (again.length > 0)
      await queue.cancel(again.map((handle) => ({ ...ticketOf(handle), id: idOf(handle) })));
  }
  const idOf = (handle: Handle): string => track(handle).status?.id ?? ticketOf(handle).id;

  /** Reports the state of a job to its follower when it changes. */
  function reportStatus(job: Tracked): void {
    if (job.status === undefined || job.onLine === undefined) return;
    const text = statusText(job.status);
    if (text === undefined || text === job.lastReported) return;
    job.lastReported = text;
    const isStuck = job.status.kind === 'pending' && job.status.stuck !== undefined;
    job.onLine(JSON.stringify({ kind: isStuck ? 'warning' : 'log', text }));
  }

  function stateOf(handle: Handle): JobState {
    const job = track(handle);
    job.lines?.read();
    if (job.refusal !== undefined || resultOf(ticketOf(handle)) !== undefined) return 'gone';
    if (statuses === undefined) return 'unknown';
    if (job.missingSince === undefined) return job.status?.kind === 'running' ? 'running' : 'pending';
    // It cannot have a result: its program was never started.
    if (job.isCancelled && !wasClaimed(ticketOf(handle))) return 'gone';
    return performance.now() - job.missingSince >= grace * 1000 ? 'gone' : 'unknown';
  }

  /** Writes the file that a job reads, before it is submitted. */
  async function prepare(job: Job, place: string, more: Partial<JobFile> = {}): Promise<QueuedJob> {
    const file: JobFile = {
      nonce: job.nonce,
      place,
      root,
      program:
        job.program.kind === 'stage'
          ? {
              kind: 'stage',
              child: await storedProgram(root, helpers.stageChild),
              bundle: job.program.bundle,
            }
          : job.program,
      environment: job.environment,
      // Setup lines give the node a PATH and libraries that differ from this machine's.
      ofNode: setup.length > 0 ? ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'HOME'] : ['TMPDIR'],
      output: job.output,
      scratch: job.scratch,
      platform: platform.get() ?? null,
      stamps: [...job.stamps],
      timeoutSeconds: job.timeoutSeconds,
      ...more,
    };
    await writeFile(reservePath(job.folder, job.nonce), Buffer.alloc(reserveBytes, ' '));
    await writeShared(jobFilePath(job.folder), JSON.stringify(file));
    return { job, place, wrapper: [await storedProgram(root, helpers.jobWrapper), job.folder, job.nonce] };
  }

  async function submit(orders: readonly Job[]): Promise<readonly Handle[]> {
    const places = queue.places(orders);
    const queued = await mapAtMost(filesAtOnce, orders, (job, index) =>
      prepare(job, places[index] ?? job.nonce),
    );
    const submissions = await queue.submit(queued);
    return queued.map(({ job, place }, index) => {
      const submission = submissions[index] ?? { kind: 'refused', message: 'it was not submitted' };
      const id = submission.kind === 'submitted' ? submission.id : '';
      const handle = handleFor({ nonce: job.nonce, folder: job.folder, place, id });
      track(handle).refusal = submission.kind === 'refused' ? submission.message : undefined;
      return handle;
    });
  }

  function cancel(handles: readonly Handle[]): void {
    for (const handle of handles) track(handle).isCancelled = true;
    void cancelNow(handles);
  }
  async function cancelNow(handles: readonly Handle[]): Promise<void> {
    await queue.cancel(handles.map((handle) => ({ ...ticketOf(handle), id: idOf(handle) })));
    nextPoll = 0;
    wake?.();
  }

  return {
    name,
    get platform() {
      return platform.get() ?? ownPlatform;
    },
    leavesJobs: true,
    restarts: 3,
    capacity: () => ({
      jobs,
      cpus: Number.MAX_SAFE_INTEGER,
      memory: Number.MAX_SAFE_INTEGER,
      gpus: () => undefined,
    }),
    prepare: async (signal, onWait) =>
      platform.get() === undefined ? probeNodes(signal, onWait) : undefined,
    submit,
    async poll(handles) {
      await pollQueue(handles);
      return handles.map(stateOf);
    },
    changed: tick,
    async result({ handle, nonce, folder }) {
      const job = track(handle);
      job.lines?.read();
      if (job.refusal !== undefined) return { kind: 'refused', message: job.refusal };
      const result = resultOf({ nonce, folder });
      tracked.delete(handle);
      if (result !== undefined) return jobResult(result, folder, job);
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
    follow({ handle, nonce, folder }, onLine) {
      const job = track(handle);
      job.onLine = onLine;
      job.lines = followLines(eventsPath(folder, nonce), onLine);
      reportStatus(job);
    },
    cancel,
    async recover(nonce, folder) {
      const job = parseOwn<JobFile>(readShared(jobFilePath(folder)));
      return job?.nonce === nonce ? handleFor({ nonce, folder, place: job.place, id: '' }) : undefined;
    },
    endLeftovers: async () => undefined,
    close() {
      tracked.clear();
      wake?.();
    },
  };

  /** Finds out by a tiny job what the nodes are; gives why it could not. */
  async function probeNodes(signal: AbortSignal, onWait: () => void): Promise<string | undefined> {
    const nonce = randomBytes(16).toString('hex');
    const folder = join(root, jobsFolder, `probe-${nonce}`);
    mkdirSync(folder, { recursive: true });
    const job = probeJob(nonce, root, folder);
    const [place = nonce] = queue.places([job]);
    try {
      const [submission] = await queue.submit([await prepare(job, place, { program: { kind: 'probe' } })]);
      if (submission?.kind !== 'submitted') return submission?.message ?? 'it was not submitted';
      const handle = handleFor({ nonce, folder, place, id: submission.id });
      const { status } = await waitUntilGone(handle, signal, onWait);
      if (signal.aborted || (status?.kind === 'pending' && status.stuck !== undefined)) {
        await queue.cancel([{ place, id: status?.id ?? submission.id }]);
        return status?.kind === 'pending' ? status.stuck : undefined;
      }
      const result = resultOf({ nonce, folder });
      if (result?.ending.kind === 'refused') return result.ending.message;
      if (result === undefined)
        return `the job that inspects the nodes left no result${tailOf(queueLogPath(folder, nonce))}`;
      platform.set(result.platform);
      return undefined;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Waits until a job is gone, or will never be. */
  async function waitUntilGone(handle: Handle, signal: AbortSignal, onWait: () => void): Promise<Tracked> {
    for (let polls = 1; ; polls += 1) {
      await pollQueue([handle]);
      const job = track(handle);
      const isStuck = job.status?.kind === 'pending' && job.status.stuck !== undefined;
      if (signal.aborted || isStuck || stateOf(handle) === 'gone') {
        tracked.delete(handle);
        return job;
      }
      // An idle queue starts it before the second poll.
      if (polls === 2 && job.status?.kind === 'pending') onWait();
      await tick();
    }
  }

  /** Resolves when files are to be read again. */
  function tick(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, tickMilliseconds);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  function jobResult(
    { ending, host, platform: found, usage }: ResultFile,
    folder: string,
    { isCancelled, status }: Tracked,
  ): JobResult {
    switch (ending.kind) {
      case 'exit':
        return { kind: 'exit', code: ending.code, stopped: false, usage };
      case 'signal':
        return { kind: 'signal', signal: ending.signal, stopped: isCancelled, usage };
      case 'stopped':
        if (isCancelled) return { kind: 'signal', signal: 'SIGTERM', stopped: true };
        if (ending.why === 'timeout') return { kind: 'timeout' };
        if (ending.why === 'time-limit' || isTimeLimit(status))
          return { kind: 'time-limit', hasCheckpoint: ending.hasCheckpoint };
        return status?.kind === 'ended' && status.how.kind === 'lost'
          ? status.how
          : { kind: 'cancelled', message: `its job was killed on ${host} by a signal` };
      case 'out-of-memory':
      case 'refused':
        return ending;
      case 'disk-full':
        return {
          kind: 'disk',
          message:
            `on ${host} nothing more could be written to ${folder} (no space left, or over quota), and its ` +
            'output may be cut short: free space or raise the quota, and run again',
        };
      case 'platform-differs':
        platform.set(found);
        return { kind: 'platform-differs', platform: found, host };
      case 'inputs-changed':
        return { kind: 'inputs-changed', path: ending.path, host };
    }
  }
}

/** More than a result takes. */
const reserveBytes = 8192;

/** Files that are written at once: a disk takes about as long for several as for one. */
const filesAtOnce = 16;

/** How often the folders of attempts are read. */
const tickMilliseconds = 1000;

const ownPlatform: Platform = {
  os: process.platform,
  arch: process.arch,
  node: process.versions.node.split('.')[0] ?? '',
};

const isTimeLimit = (status: QueueStatus | undefined): boolean =>
  status?.kind === 'ended' && status.how.kind === 'time-limit';

function withoutResult({ isCancelled, status }: Tracked, queueLog: string): JobResult {
  if (isCancelled) return { kind: 'signal', signal: 'SIGTERM', stopped: true };
  const how: QueueEnding =
    status?.kind === 'ended'
      ? status.how
      : { kind: 'lost', message: 'its job left the queue without a result' };
  switch (how.kind) {
    case 'time-limit':
      return { kind: 'time-limit', hasCheckpoint: false };
    case 'lost': {
      const last = queueLog.trimEnd().split('\n').at(-1) ?? '';
      return /^slurmstepd[^\n]*(oom.kill|memory limit)/im.test(queueLog)
        ? { kind: 'out-of-memory' }
        : { kind: 'lost', message: last === '' ? how.message : `${how.message}: ${last}` };
    }
    default:
      return how;
  }
}

function statusText(status: QueueStatus): string | undefined {
  switch (status.kind) {
    case 'pending':
      return status.stuck ?? `waiting in the queue as job ${status.id}`;
    case 'running':
      return `running on ${status.node} as job ${status.id}`;
    case 'ended':
      return undefined;
  }
}

const tailOf = (path: string): string => {
  const last = textAt(path)?.trimEnd().split('\n').at(-1) ?? '';
  return last === '' ? '' : `: ${last}`;
};

function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const resultOf = ({ nonce, folder }: Pick<Ticket, 'nonce' | 'folder'>): ResultFile | undefined =>
  parseOwn<ResultFile>(readShared(resultPath(folder, nonce)));

const wasClaimed = ({ nonce, folder }: Ticket): boolean => readShared(claimPath(folder, nonce)) !== undefined;

const handleFor = (ticket: Ticket): Handle => handleOf(JSON.stringify(ticket));

/** Undefined fields: the stored data is another executor's, and there is no such job in the queue. */
function ticketOf(handle: Handle): Ticket {
  const parsed = parseJson(handle, '');
  const { nonce, folder, place, id } = parsed.ok && isJsonObject(parsed.value) ? parsed.value : {};
  return { nonce: String(nonce), folder: String(folder), place: String(place), id: String(id ?? '') };
}

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
