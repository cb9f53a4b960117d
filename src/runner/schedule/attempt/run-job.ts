import { writeFileAtomically } from '../../../files/write-atomically.ts';
import type { GpuUsage } from '../../event.ts';
import {
  graceSeconds,
  type Gpu,
  type Handle,
  type SubmittedJob,
  type Usage,
} from '../../executors/executor.ts';
import { followOutput } from '../../executors/output-file.ts';
import { parseMessage } from '../../executors/parse-message.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Assessment } from '../../status/assess.ts';
import { contextFile } from '../../workspace/cache-layout.ts';
import { placeOf } from '../../workspace/workspace.ts';
import type { Run } from '../run.ts';
import { withResolvers } from '../with-resolvers.ts';
import { contextFor, jobFor } from './job-for.ts';
import { endingOf, type JobEnding } from './job-ending.ts';

export interface JobRequest {
  readonly run: Run;
  readonly instance: Instance;
  readonly assessment: Assessment;
  /** The file of its output, from the project root. */
  readonly output: string;
  /** Aborts when the result is no longer needed. */
  readonly cancelled?: AbortSignal;
  /** Whether its job ends when the run is stopped, even a job that could continue without the run. */
  readonly endsWithRun?: boolean;
  onUsage?(usage: Usage): void;
  onGpuUsage?(usage: GpuUsage): void;
  /** The number of malformed lines on the event channel, when the job is over. */
  onForeignLines?(count: number): void;
}

interface NewJob {
  readonly nonce: string;
  readonly gpus: readonly Gpu[];
  onSubmitted(handle: Handle): void;
}

/** Starts an instance's program and waits for its end: its own, its timeout's, or that of the run. */
export async function runJob(request: JobRequest, { nonce, gpus, onSubmitted }: NewJob): Promise<JobEnding> {
  const { run, instance, assessment, output } = request;
  const { session } = run;
  const job = jobFor(session, instance, assessment, { nonce, gpus, output });
  const written = await writeFileAtomically(
    contextFile(job.folder),
    JSON.stringify(contextFor(session, instance, assessment)),
    session.workspace.disk,
  );
  if (!written.ok) {
    const message = `${written.error.path}: ${written.error.message}`;
    return { kind: 'failed', failure: { kind: 'disk', message } };
  }
  const handle = await run.jobs.of(session.executorOf(instance)).submit(job);
  onSubmitted(handle);
  return followJob(request, { handle, nonce, folder: job.folder });
}

/** Waits for the end of a job that was submitted, by this runner or an earlier one. */
export async function followJob(request: JobRequest, job: SubmittedJob): Promise<JobEnding> {
  const { run, instance } = request;
  const executor = run.session.executorOf(instance);
  const jobs = run.jobs.of(executor);
  const end = (grace: number | null): void => executor.cancel([job.handle], grace);
  const { promise: left, resolve } = withResolvers<'left'>();
  const leave = (): void => resolve('left');

  const written = followWritten(request, job);
  const stops = endOnStop(request, end, leave);
  const timeout = endOnTimeout(request, end);
  if (run.detach && (await jobs.state(job)) !== 'gone') leave();
  const result = await Promise.race([left, jobs.ended(job)]);
  timeout.clear();
  stops.clear();
  written.stop();
  if (result === 'left') {
    jobs.leave(job);
    return { kind: 'left' };
  }
  if (result !== undefined && 'usage' in result && result.usage !== undefined)
    request.onUsage?.(result.usage);
  if (written.foreignLines() > 0) request.onForeignLines?.(written.foreignLines());
  return endingOf(result, instance, {
    isStopped: request.cancelled?.aborted === true || run.stop.isStoppingStages(),
    isTimedOut: timeout.isOver(),
    reported: written.reported(),
  });
}

/** Passes on what a job writes, as events of the run, until `stop`. */
function followWritten(
  { run, instance, output, onGpuUsage }: JobRequest,
  job: SubmittedJob,
): { stop(): void; reported(): string | undefined; foreignLines(): number } {
  const executor = run.session.executorOf(instance);
  let reported: string | undefined;
  let foreignLines = 0;
  const log = followOutput(placeOf(run.session.workspace, output), (appended) =>
    run.emit({ kind: 'output', at: Date.now(), instance: instance.id, file: output, ...appended }),
  );
  executor.follow(job, (line) => {
    const message = line === null ? undefined : parseMessage(line);
    if (message === undefined) foreignLines += 1;
    else run.emit({ kind: 'message', at: Date.now(), instance: instance.id, message });
    if (message?.kind === 'failure') reported = message.text;
  });
  if (onGpuUsage !== undefined) executor.followGpus?.(job.handle, onGpuUsage);
  return { stop: () => log.stop(), reported: () => reported, foreignLines: () => foreignLines };
}

/** Ends a job, or leaves it to its queue, when the run stops; ends it when its result is no longer needed. */
function endOnStop(
  { run: { session, stop }, instance, cancelled, endsWithRun = false }: JobRequest,
  end: (grace: number | null) => void,
  leave: () => void,
): { clear(): void } {
  const unsubscribe =
    session.executorOf(instance).leavesJobs && !endsWithRun
      ? stop.whileAttached(leave, () => end(0))
      : stop.whileRunning(end);
  const cancel = (): void => end(graceSeconds);
  cancelled?.addEventListener('abort', cancel);
  if (cancelled?.aborted === true) cancel();
  return {
    clear() {
      unsubscribe();
      cancelled?.removeEventListener('abort', cancel);
    },
  };
}

/** Ends a job after its timeout, unless its executor does. */
function endOnTimeout(
  { run, instance }: JobRequest,
  end: (grace: number | null) => void,
): { isOver(): boolean; clear(): void } {
  const { timeout } = instance;
  if (timeout === null || run.session.executorOf(instance).leavesJobs)
    return { isOver: () => false, clear: () => undefined };
  let isOver = false;
  const timer = setTimeout(
    () => {
      isOver = true;
      end(graceSeconds);
    },
    Math.min(timeout * 1000, longestTimer),
  );
  return { isOver: () => isOver, clear: () => clearTimeout(timer) };
}

/** setTimeout counts in 32 bits: 24 days. */
const longestTimer = 2 ** 31 - 1;
