import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { ContextDocument } from '../../stage/context.ts';
import type { StageMessage } from '../../stage/message.ts';
import type { Failure } from '../event.ts';
import type { Key } from '../identity.ts';
import { commandArguments } from '../plan/command.ts';
import type { Instance } from '../plan/instance.ts';
import { forgetGroup, recordGroup } from '../store/process-groups.ts';
import { scratchPath } from '../workspace/scratch.ts';
import { placeOf } from '../workspace/workspace.ts';
import type { Assessment, Session } from '../status/assess.ts';
import { attemptOuts, contextPath } from './attempt-folder.ts';
import { stageEnvironment } from '../executors/environment.ts';
import { deviceOf } from '../status/manifest-of.ts';
import { type Appended, followOutput } from '../executors/output-file.ts';
import { parseMessage } from '../executors/parse-message.ts';
import type { Inputs } from '../status/read-inputs.ts';
import { attemptMark } from '../executors/stage-mark.ts';
import type { Stop } from './stop.ts';
import type { StageEnding, Supervisor } from '../executors/supervisor-client.ts';
import { graceSeconds } from '../executors/supervisor-protocol.ts';

export interface AttemptRequest {
  readonly session: Session;
  readonly supervisor: Supervisor;
  readonly instance: Instance;
  readonly assessment: Assessment;
  readonly gpus: readonly number[];
  /** The file that takes what it prints, from the project root. */
  readonly output: string;
  readonly stop: Stop;
  /** Aborts when the result is of no use any more. */
  readonly cancelled?: AbortSignal;
  onMessage(message: StageMessage): void;
  onOutput(appended: Appended): void;
  /** Lines on the event descriptor that are no messages, when the attempt is over. */
  onForeignLines(count: number): void;
}

/** How an attempt ended, none of its processes left: it exited with 0, or why not. */
export type AttemptEnding =
  | { readonly kind: 'exited' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'interrupted' };

/** Starts an instance's program and waits for its end: its own, its timeout's, or that of the run. */
export async function runAttempt(request: AttemptRequest): Promise<AttemptEnding> {
  const { session, supervisor, instance, assessment, stop } = request;
  const context = placeOf(session.workspace, contextPath(assessment.key));
  const written = await writeFileAtomically(
    context,
    JSON.stringify(contextOf(instance, assessment)),
    session.workspace.disk,
  );
  if (!written.ok)
    return {
      kind: 'failed',
      failure: { kind: 'disk', message: `${written.error.path}: ${written.error.message}` },
    };

  let reported: string | undefined;
  let foreign = 0;
  let leader: number | undefined;
  let timedOut = false;
  const printed = placeOf(session.workspace, request.output);
  const output = followOutput(printed, request.onOutput);
  const stage = supervisor.start(
    {
      command: commandOf(session, instance, assessment),
      folder: session.workspace.root,
      environment: {
        ...stageEnvironment(session.environment, instance.env, instance.passEnv),
        CUDA_VISIBLE_DEVICES: request.gpus.join(','),
        PIPELINE_CONTEXT: context,
      },
      mark: attemptMark(session.workspace, context, request.output),
      output: printed,
    },
    {
      started(pid, started) {
        leader = pid;
        recordGroup(session.store, { pid, started });
      },
      line(line) {
        const message = line === null ? undefined : parseMessage(line);
        if (message === undefined) foreign += 1;
        else request.onMessage(message);
        if (message?.kind === 'failure') reported = message.text;
      },
    },
  );
  const unsubscribe = stop.whileRunning((grace) => stage.stop(grace));
  const cancel = (): void => stage.stop(graceSeconds);
  request.cancelled?.addEventListener('abort', cancel);
  if (request.cancelled?.aborted === true) cancel();
  const timer =
    instance.timeout === null
      ? undefined
      : setTimeout(
          () => {
            timedOut = true;
            stage.stop(graceSeconds);
          },
          Math.min(instance.timeout * 1000, longestTimer),
        );
  const ending = await stage.ended;
  clearTimeout(timer);
  unsubscribe();
  request.cancelled?.removeEventListener('abort', cancel);
  output.stop();
  if (leader !== undefined) forgetGroup(session.store, leader);
  if (foreign > 0) request.onForeignLines(foreign);
  return judge(ending, {
    interrupted: request.cancelled?.aborted === true || stop.isStoppingStages(),
    timeout: timedOut ? instance.timeout : null,
    reported,
  });
}

/** setTimeout counts in 32 bits: 24 days. */
const longestTimer = 2 ** 31 - 1;

function judge(
  ending: StageEnding,
  seen: {
    readonly interrupted: boolean;
    readonly timeout: number | null;
    readonly reported: string | undefined;
  },
): AttemptEnding {
  // What ends after it was asked to stop may have cut its work short, whatever its exit code says.
  const cutShort = ending.kind === 'refused' || ending.stopped;
  if (seen.interrupted && cutShort) return { kind: 'interrupted' };
  if (seen.timeout !== null && cutShort) return failed({ kind: 'timeout', seconds: seen.timeout });
  if (seen.reported !== undefined) return failed({ kind: 'reported', text: seen.reported });
  switch (ending.kind) {
    case 'refused':
      return failed({ kind: 'spawn', message: ending.message });
    case 'signal':
      return failed({ kind: 'signal', signal: ending.signal });
    case 'exit':
      return ending.code === 0 ? { kind: 'exited' } : failed({ kind: 'exit', code: ending.code });
  }
}

const failed = (failure: Failure): AttemptEnding => ({ kind: 'failed', failure });

function contextOf(instance: Instance, { key, inputs }: Assessment): ContextDocument {
  return {
    params: instance.params,
    deps: handedDeps(inputs),
    outs: handedOuts(instance, key),
    scratch: scratchPath(key),
    cpus: instance.resources.cpus,
    device: deviceOf(instance),
  };
}

function commandOf(session: Session, instance: Instance, { key, inputs }: Assessment): readonly string[] {
  const { program } = instance;
  if (program.kind !== 'uses')
    return commandArguments(program, {
      deps: commandPaths(inputs),
      outs: new Map(Object.entries(handedOuts(instance, key))),
    });
  const facts = session.programs.get(program.path);
  if (facts === undefined) throw new Error(`${program.path} was not bundled`);
  return [process.execPath, session.stageChild, placeOf(session.workspace, facts.file)];
}

const commandPaths = (inputs: Inputs): ReadonlyMap<string, string | readonly string[]> =>
  new Map(
    Object.entries(handedDeps(inputs)).map(([name, path]) => [
      name,
      typeof path === 'string' ? path : path.map((member) => member.path),
    ]),
  );

const handedDeps = ({ paths }: Inputs): Inputs['paths'] =>
  Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [
      name,
      typeof path === 'string'
        ? handed(path)
        : path.map((member) => ({ ...member, path: handed(member.path) })),
    ]),
  );

const handedOuts = (instance: Instance, key: Key): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(attemptOuts(instance, key)).map(([name, path]) => [name, handed(path)]));

/** A path as a stage gets it: no program takes it for an option. */
const handed = (path: string): string => (path.startsWith('-') ? `./${path}` : path);
