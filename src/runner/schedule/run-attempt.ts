import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { ContextDocument } from '../../stage/context.ts';
import type { StageMessage } from '../../stage/message.ts';
import type { Failure, GpuUsage } from '../event.ts';
import type { Key } from '../identity.ts';
import { commandArguments } from '../plan/command/command.ts';
import type { Instance } from '../plan/instance.ts';
import { engineOf, installedFacts } from '../programs/engine.ts';
import { scratchPath } from '../workspace/scratch.ts';
import { placeOf } from '../workspace/workspace.ts';
import type { Assessment, Session } from '../status/assess.ts';
import { attemptFolder, contextFile } from '../workspace/cache-layout.ts';
import { attemptOuts } from './attempt-folder.ts';
import { stageEnvironment } from '../executors/environment.ts';
import { deviceOf } from '../status/manifest-of.ts';
import { type Appended, followOutput } from '../executors/output-file.ts';
import { parseMessage } from '../executors/parse-message.ts';
import type { Inputs } from '../status/read-inputs.ts';
import type { Stop } from './stop.ts';
import {
  type Executor,
  type Gpu,
  graceSeconds,
  type Handle,
  type JobProgram,
  type JobResult,
  type SubmittedJob,
  type Usage,
} from '../executors/executor.ts';
import type { Jobs } from './jobs.ts';

export interface AttemptRequest {
  readonly session: Session;
  readonly executor: Executor;
  readonly jobs: Jobs;
  readonly instance: Instance;
  readonly assessment: Assessment;
  /** The file of its output, from the project root. */
  readonly output: string;
  readonly stop: Stop;
  /** Aborts when the result is no longer needed. */
  readonly cancelled?: AbortSignal;
  /** Whether its job is left to the queue once it is submitted. */
  readonly detach?: boolean;
  /** Whether its job ends when the run is stopped, even a job that could continue without the run. */
  readonly endsWithRun?: boolean;
  onMessage(message: StageMessage): void;
  onOutput(appended: Appended): void;
  onUsage(usage: Usage): void;
  onGpuUsage(usage: GpuUsage): void;
  /** The number of malformed lines on the event channel, when the attempt is over. */
  onForeignLines(count: number): void;
}

export interface NewAttempt {
  readonly nonce: string;
  readonly gpus: readonly Gpu[];
  onSubmitted(handle: Handle): void;
}

/** How an attempt ended, with all its processes gone: exit code 0, or the failure. */
export type AttemptEnding =
  | { readonly kind: 'exited' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'interrupted' }
  /** Its job continues without the run. */
  | { readonly kind: 'left' }
  /** It reached the time limit of its queue and resumes from its checkpoint as another job. */
  | { readonly kind: 'resumable' }
  /** It was not started, since it would not have had this key. */
  | Extract<JobResult, { readonly kind: 'platform-differs' | 'inputs-changed' }>;

/** Starts an instance's program and waits for its end: its own, its timeout's, or that of the run. */
export async function runAttempt(
  request: AttemptRequest,
  { nonce, gpus, onSubmitted }: NewAttempt,
): Promise<AttemptEnding> {
  const { session, jobs, instance, assessment, output } = request;
  const folder = placeOf(session.workspace, attemptFolder(assessment.key));
  const context = contextFile(folder);
  const written = await writeFileAtomically(
    context,
    JSON.stringify(contextOf(session, instance, assessment)),
    session.workspace.disk,
  );
  if (!written.ok)
    return {
      kind: 'failed',
      failure: { kind: 'disk', message: `${written.error.path}: ${written.error.message}` },
    };
  const handle = await jobs.submit({
    nonce,
    name: instance.id,
    program: programOf(session, instance, assessment),
    root: session.workspace.root,
    folder,
    environment: {
      ...stageEnvironment(session.environment, instance.env, instance.passEnv),
      PIPELINE_CONTEXT: context,
    },
    output: placeOf(session.workspace, output),
    resources: instance.resources,
    gpus,
    timeoutSeconds: instance.timeout,
    scratch: placeOf(session.workspace, scratchPath(assessment.key)),
    stamps: assessment.inputs.stamps,
  });
  onSubmitted(handle);
  return followAttempt(request, { handle, nonce, folder });
}

/** Waits for the end of an attempt whose job was submitted, by this runner or an earlier one. */
export async function followAttempt(request: AttemptRequest, job: SubmittedJob): Promise<AttemptEnding> {
  const { session, executor, jobs, instance, stop } = request;
  let reported: string | undefined;
  let foreign = 0;
  let timedOut = false;
  const output = followOutput(placeOf(session.workspace, request.output), request.onOutput);
  executor.follow(job, (line) => {
    const message = line === null ? undefined : parseMessage(line);
    if (message === undefined) foreign += 1;
    else request.onMessage(message);
    if (message?.kind === 'failure') reported = message.text;
  });
  const end = (grace: number | null): void => executor.cancel([job.handle], grace);
  executor.followGpus?.(job.handle, request.onGpuUsage);
  let leave: (() => void) | undefined;
  const left = new Promise<'left'>((resolve) => {
    leave = () => resolve('left');
  });
  const unsubscribe =
    executor.leavesJobs && request.endsWithRun !== true
      ? stop.whileAttached(
          () => leave?.(),
          () => end(0),
        )
      : stop.whileRunning(end);
  const cancel = (): void => end(graceSeconds);
  request.cancelled?.addEventListener('abort', cancel);
  if (request.cancelled?.aborted === true) cancel();
  const timer =
    instance.timeout === null || executor.leavesJobs
      ? undefined
      : setTimeout(
          () => {
            timedOut = true;
            end(graceSeconds);
          },
          Math.min(instance.timeout * 1000, longestTimer),
        );
  if (request.detach === true && (await jobs.state(job)) !== 'gone') leave?.();
  const result = await Promise.race([left, jobs.ended(job)]);
  clearTimeout(timer);
  unsubscribe();
  request.cancelled?.removeEventListener('abort', cancel);
  output.stop();
  if (result === 'left') {
    jobs.leave(job);
    return { kind: 'left' };
  }
  if (result !== undefined && 'usage' in result && result.usage !== undefined) request.onUsage(result.usage);
  if (foreign > 0) request.onForeignLines(foreign);
  return judge(result, {
    interrupted: request.cancelled?.aborted === true || stop.isStoppingStages(),
    timeout: timedOut ? instance.timeout : null,
    limit: instance.timeout,
    limits: limitsOf(instance.resources),
    reported,
  });
}

/** setTimeout counts in 32 bits: 24 days. */
const longestTimer = 2 ** 31 - 1;

function judge(
  result: JobResult | undefined,
  seen: {
    readonly interrupted: boolean;
    /** Of the runner, where it was reached. */
    readonly timeout: number | null;
    readonly limit: number | null;
    readonly limits: ReturnType<typeof limitsOf>;
    readonly reported: string | undefined;
  },
): AttemptEnding {
  // An attempt that ends after it was asked to stop may be incomplete, whatever its exit code.
  const cutShort =
    result === undefined || result.kind === 'refused' || ('stopped' in result && result.stopped);
  if (seen.interrupted && cutShort) return { kind: 'interrupted' };
  if (seen.timeout !== null && cutShort) return failed({ kind: 'timeout', seconds: seen.timeout });
  // A stage that is ended by its queue may report that, too.
  const isOfProgram = result === undefined || result.kind === 'refused' || 'stopped' in result;
  if (seen.reported !== undefined && isOfProgram) return failed({ kind: 'reported', text: seen.reported });
  if (result === undefined) return failed({ kind: 'lost' });
  switch (result.kind) {
    case 'refused':
      return failed({ kind: 'spawn', message: result.message });
    case 'signal':
      return failed({ kind: 'signal', signal: result.signal });
    case 'exit':
      return result.code === 0 ? { kind: 'exited' } : failed({ kind: 'exit', code: result.code });
    case 'timeout':
      return failed({ kind: 'timeout', seconds: seen.limit ?? 0 });
    case 'time-limit':
      return result.hasCheckpoint
        ? { kind: 'resumable' }
        : failed({ kind: 'time-limit', ...seen.limits.time });
    case 'out-of-memory':
      return failed({ kind: 'out-of-memory', ...seen.limits.memory });
    case 'disk':
    case 'cancelled':
    case 'lost':
      return failed(result);
    case 'platform-differs':
    case 'inputs-changed':
      return result;
  }
}

/** The requested limits, if any: a failure names them, so that the user can raise them. */
const limitsOf = ({ memory, time }: Instance['resources']) => ({
  memory: memory === 0 ? {} : { bytes: memory },
  time: time === undefined ? {} : { seconds: time },
});

const failed = (failure: Failure): AttemptEnding => ({ kind: 'failed', failure });

function contextOf(session: Session, instance: Instance, { key, inputs }: Assessment): ContextDocument {
  const facts = instance.program.kind === 'uses' ? session.programs.get(instance.program.path) : undefined;
  const engine = facts && engineOf(facts, instance.params);
  const installed = engine && installedFacts(facts.description, engine.name, session.environment);
  return {
    params: instance.params,
    deps: depPaths(inputs),
    outs: outPaths(instance, key),
    scratch: scratchPath(key),
    cpus: instance.resources.cpus,
    device: deviceOf(instance),
    ...(engine?.facts.ok === true ? { engine: engine.facts.value.file } : {}),
    ...(installed?.ok === true && installed.value !== undefined
      ? { engineFolder: installed.value.folder }
      : {}),
  };
}

function programOf(session: Session, instance: Instance, { key, inputs }: Assessment): JobProgram {
  const { program } = instance;
  if (program.kind !== 'uses') {
    const words = commandArguments(program, {
      deps: commandPaths(inputs),
      outs: new Map(Object.entries(outPaths(instance, key))),
    });
    return { kind: 'command', words };
  }
  const facts = session.programs.get(program.path);
  if (facts === undefined) throw new Error(`${program.path} was not bundled`);
  return { kind: 'stage', bundle: placeOf(session.workspace, facts.file) };
}

/** An optional path that does not exist is the empty string. */
function commandPaths(inputs: Inputs): ReadonlyMap<string, string | readonly string[]> {
  const passed = depPaths(inputs);
  return new Map(
    Object.keys(inputs.digests).map((name) => {
      const path = passed[name] ?? '';
      return [name, typeof path === 'string' ? path : path.map((member) => member.path)];
    }),
  );
}

const depPaths = ({ paths }: Inputs): Inputs['paths'] =>
  Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [
      name,
      typeof path === 'string'
        ? passed(path)
        : path.map((member) => ({ ...member, path: passed(member.path) })),
    ]),
  );

const outPaths = (instance: Instance, key: Key): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(attemptOuts(instance, key)).map(([name, path]) => [name, passed(path)]));

/** A path as a stage gets it, written so that no program parses it as an option. */
const passed = (path: string): string => (path.startsWith('-') ? `./${path}` : path);
