import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Digest, digestOf } from '../../files/digest.ts';
import { installedText } from '../../files/installed-engine.ts';
import { readNvidiaDriver } from '../../files/nvidia-driver.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Event } from '../event.ts';
import { withRun } from '../schedule/with-run.ts';
import { frozenWarning } from '../status/frozen-warning.ts';
import type { Executor } from '../executors/executor.ts';
import { pipelineFiles, type ProjectPlace, readProjectText } from './find-project.ts';
import type { InstanceId, Key } from '../identity.ts';
import { parseKey } from '../manifest/key-of.ts';
import type { Opened } from './open-rows.ts';
import { machineTexts } from './machine/machine-texts.ts';
import type { Planned } from './planning/plan-here.ts';
import type { Instance } from '../plan/instance.ts';
import type { FinalOut, FinishedRun, RunRequest, StopSignals } from '../run-request.ts';
import { isOverrideName } from '../wording/override-name.ts';
import { lastKeys } from '../store/last-results.ts';
import { fillIdle, findIdle, reserveIdle } from '../store/remembered/idle-rows.ts';
import { takeLock } from '../store/lock.ts';
import { wasKilled } from '../store/runs.ts';
import { type DiskRead, readsTheSame, recordReads } from '../workspace/recorded-reads.ts';

/**
 * A run with nothing to do leaves a record of all that it read. The next run with the same request checks
 * those files: if none has changed, and no row that matters has, there is nothing to do again, which saves
 * planning, hashing and comparing.
 */
interface IdleRecord {
  readonly pipeline: string;
  readonly file: string;
  /** The digests of variables that results depend on, which may be secret; null: not set. */
  readonly environment: Readonly<Record<string, Digest | null>>;
  readonly reads: readonly DiskRead[];
  readonly instances: readonly (readonly [InstanceId, Key])[];
  /**
   * Frozen instances, whose results are used regardless of changes, and the warnings that every run prints.
   */
  readonly frozen: readonly InstanceId[];
  readonly warnings: readonly Diagnostic[];
  /** For the terminal, which shows them without a plan. */
  readonly results: readonly FinalOut[];
}

/** The request of a run that may have nothing to do. */
export interface IdleRequest {
  /**
   * All that decides what the run does, beside files, rows and variables: the request, the program, the
   * machine.
   */
  readonly text: string;
  readonly jobs: number;
}

/** `program`: the code that runs. Undefined: such a run always reads, or does, more. */
export function idleRequest(
  program: string,
  { place: { root, file }, executor }: { readonly place: ProjectPlace; readonly executor: Executor },
  set: readonly string[],
  { force, retryFailed, allowMissing, existingOuts, mode, patterns, jobs: wantedJobs }: RunRequest,
): IdleRequest | undefined {
  if (force || retryFailed || allowMissing === true || existingOuts !== undefined || mode !== 'needs')
    return undefined;
  const { jobs } = executor.capacity(wantedJobs);
  // The capacity that requests are checked against.
  const { cpus, memory } = executor.capacity(undefined);
  return {
    text: JSON.stringify([
      program,
      process.version,
      executor.name,
      executor.platform,
      root,
      file,
      set,
      patterns,
      jobs,
      cpus,
      memory,
    ]),
    jobs,
  };
}

/** A request in a project, with its current executors and machine files. */
export const idleRequestIn = (
  program: string,
  { place, executors, host }: Opened,
  set: readonly string[],
  request: RunRequest,
): IdleRequest | undefined =>
  idleRequest(
    program,
    { place, executor: executors.local },
    [
      ...set,
      ...(host.executorName === undefined ? [] : [`executor: ${host.executorName}`]),
      ...machineTexts(place.root, host.environment).map((text) => JSON.stringify(text)),
      installedText(host.environment, homedir()),
      // To list the GPUs takes longer than such a run.
      `GPUs: ${readNvidiaDriver().devices.join()} of ${host.environment['CUDA_VISIBLE_DEVICES'] ?? 'all'}`,
    ],
    request,
  );

/** A run that has nothing to do because nothing changed since the last one like it; undefined: unknown. */
export async function runIdle(
  opened: Opened,
  { text, jobs }: IdleRequest,
  onEvent: (event: Event) => void,
  stop: StopSignals,
): Promise<FinishedRun | undefined> {
  const {
    store,
    workspace,
    host: { environment, retryDelay },
  } = opened;
  if (findIdle(store, text) === undefined) return undefined;
  const lock = await takeLock(store, 0, stop.graceful);
  if (!lock.ok) return undefined;
  try {
    const record = parsed(findIdle(store, text));
    if (record === undefined || wasKilled(store)) return undefined;
    if (
      !Object.entries(record.environment).every(
        ([variable, digest]) => variableDigest(environment, variable) === digest,
      )
    )
      return undefined;
    if (!readsTheSame(workspace.disk, record.reads)) return undefined;
    const instances = record.instances.map(([id]) => ({ id }));
    const summary = await withRun(
      { workspace, store, plan: record },
      { instances, jobs, retryDelay },
      onEvent,
      stop,
      async (run, { onInPlace }) => {
        for (const diagnostic of record.warnings)
          run.emit({ kind: 'warned', at: Date.now(), instance: null, diagnostic });
        onInPlace(record.instances);
      },
    );
    const { frozen, results } = record;
    return { ...summary, ...(frozen.length > 0 ? { frozen } : {}), results };
  } finally {
    lock.value.release();
  }
}

interface IdleRecording {
  /** With a disk that records what is read. */
  readonly opened: Opened;
  /** Called when the run has ended, with its plan: if it had nothing to do, the next run will know. */
  remember(planned: Planned, chosen: readonly Instance[], finished: FinishedRun): void;
}

/**
 * Records what a run reads, in case it has nothing to do. The caller holds the lock, and plans and reads
 * after this.
 */
export function recordIdle(opened: Opened, { text: requested }: IdleRequest): IdleRecording {
  const {
    store,
    place: { root },
    workspace,
    host: { environment, now },
  } = opened;
  reserveIdle(store, requested);
  const recorded = recordReads(workspace.disk, now);
  const at = (path: string): string => join(root, path);
  // No other pipeline file may have the name of this one.
  pipelineFiles(root, recorded.disk);

  function remember(
    { plan, sources, warnings }: Planned,
    chosen: readonly Instance[],
    { outcomes, results, frozen = [] }: FinishedRun,
  ): void {
    const allUpToDate =
      outcomes.size === chosen.length && [...outcomes.values()].every(({ kind }) => kind === 'up-to-date');
    // Models of the hub are checked by other means.
    const isSeen =
      warnings.length === 0 &&
      !chosen.some(({ deps }) => Object.values(deps).some(({ kind }) => kind === 'hub'));
    if (
      !allUpToDate ||
      !isSeen ||
      ![...sources].every(([path, text]) => isOverrideName(path) || isTextOf(path, text))
    )
      return;
    const reads = recorded.reads();
    if (reads === undefined) return;
    const keys = lastKeys(store, plan.pipeline);
    const variables = new Set(['PATH', ...chosen.flatMap(({ env }) => env)]);
    const record: IdleRecord = {
      pipeline: plan.pipeline,
      file: plan.file,
      environment: Object.fromEntries(
        [...variables].map((variable) => [variable, variableDigest(environment, variable)]),
      ),
      reads,
      instances: [...outcomes.keys()].flatMap((id) => {
        const key = parseKey(keys.get(id) ?? '');
        return key === undefined ? [] : [[id, key]];
      }),
      frozen,
      warnings: frozenWarning(chosen),
      results,
    };
    const body = JSON.stringify(record);
    fillIdle(store, requested, `${digestOf(body)}\n${body}`);
  }
  /** The stamp is taken before the text is read again: a text written meanwhile has another stamp. */
  function isTextOf(path: string, text: string): boolean {
    recorded.disk.stat(at(path));
    const again = readProjectText(root, path);
    return again.ok && again.value === text;
  }

  return { opened: { ...opened, workspace: { ...workspace, disk: recorded.disk } }, remember };
}

function variableDigest(environment: NodeJS.ProcessEnv, variable: string): Digest | null {
  const value = environment[variable];
  return value === undefined ? null : digestOf(value);
}

/** Complete or invalid: `remember` alone writes it, so a complete record has the shape of the type. */
function parsed(text: string | undefined): IdleRecord | undefined {
  const end = text?.indexOf('\n') ?? -1;
  const body = text?.slice(end + 1) ?? '';
  if (digestOf(body) !== text?.slice(0, end)) return undefined;
  const record: IdleRecord = JSON.parse(body);
  return record;
}
