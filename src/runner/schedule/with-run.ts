import type { Diagnostic } from '../diagnostic.ts';
import type { AwaitedInstances, Event, Outcome } from '../event.ts';
import { countOutcomes } from '../report/count-outcomes.ts';
import type { InstanceId, Key, RunId } from '../identity.ts';
import { inPlanOrder } from '../plan/in-plan-order.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import { type RunSummary, stoppedCode, type StopSignals } from '../run-request.ts';
import { meanSeconds } from '../store/last-results.ts';
import { type Store, unlessDiskFails } from '../store/database/open-store.ts';
import { eventLog } from '../store/event-log.ts';
import { finishRun, insertRun, isRun, lastOutcomes, recordOutcome, recordStart } from '../store/runs.ts';
import { recordUses } from '../store/uses.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { readStart } from './started-from.ts';
import type { RunOf } from './run.ts';
import { newRunId } from './new-run-id.ts';
import { thisProcess } from '../executors/process-identity.ts';
import { jobsOfRun } from './jobs.ts';
import { logsFolder } from '../workspace/cache-layout.ts';
import { stopFor } from './stop.ts';

export type OnOutcome = (instance: Named, key: Key | null, outcome: Outcome) => void;

/** How a run is informed of the ends of its instances. */
export interface Ends {
  readonly onOutcome: OnOutcome;
  /** Instances that turned out to be up to date, with their keys. */
  readonly onInPlace: (found: readonly InPlace[]) => void;
  /** Lists are known, and with them these are the instances of the run; some may wait for further lists. */
  readonly onPlanned: (instances: readonly Named[], awaited: readonly AwaitedInstances[]) => void;
  /** Faults other than failed instances: the run continues, but counts as failed. */
  readonly onFaults: (faults: readonly Diagnostic[]) => void;
}

export type InPlace = readonly [InstanceId, Key];

type Named = Pick<Instance, 'id'>;

/** The part of the session that a run needs. */
interface Framed {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly plan: Pick<Plan, 'pipeline' | 'file'>;
}

interface RunFrame {
  readonly instances: readonly Named[];
  readonly jobs: number;
  readonly retryDelay: (attempt: number) => number;
  readonly earlierEvents?: readonly Event[];
  readonly detach?: boolean;
  /** What comes from lists that may not be known yet. */
  readonly awaited?: readonly AwaitedInstances[];
}

/**
 * What every run has around it: its row, its events, the stop signals, its jobs, and its end. The caller
 * holds the lock.
 */
export async function withRun<S extends Framed>(
  session: S,
  { instances: first, jobs, retryDelay, earlierEvents = [], detach = false, awaited = [] }: RunFrame,
  onEvent: (event: Event) => void,
  signals: StopSignals,
  act: (run: RunOf<S>, ends: Ends) => Promise<void>,
): Promise<RunSummary> {
  const startedAt = Date.now();
  const started = performance.now();
  const { store, plan } = session;
  const runner = thisProcess();
  const id = newRunId(startedAt, (run) => isRun(store, run));
  const start = readStart(session.workspace.root);
  insertRun(store, {
    run: id,
    pipeline: plan.pipeline,
    file: plan.file,
    pid: runner.pid,
    pidStarted: runner.started,
    startedAt,
    startedFrom: start.from,
  });
  const log = eventLog(store, id);
  const emit = (event: Event): void => {
    log.add(event);
    onEvent(event);
  };
  const stop = stopFor(signals, (hard) => emit({ kind: 'interrupting', at: Date.now(), hard }));
  const outcomes = new Map<InstanceId, Outcome>();
  const used: Key[] = [];
  let instances = first;
  let isFaulty = false;
  const bookkeeping = bookkeeper(session, id);
  const run: RunOf<S> = {
    session,
    jobs: jobsOfRun(),
    run: id,
    stop,
    running: new Set(),
    changes: { count: 0 },
    remade: new Set(),
    detach,
    learned: new Map(),
    emit,
    nextOutput: outputFiles(session, id),
    retryDelay,
  };
  // Nothing before this leaves anything behind that would write to a store that is closed.
  try {
    start.storeEarly((from) => recordStart(store, id, from));
    for (const event of earlierEvents) log.add(event);
    emit({
      kind: 'run-started',
      at: startedAt,
      run: id,
      pipeline: plan.pipeline,
      instances: first.map((instance) => instance.id),
      jobs,
      earlier: meanSeconds(store, plan.pipeline),
      ...(awaited.length === 0 ? {} : { awaited }),
    });
    await act(run, {
      onOutcome(instance, key, outcome) {
        outcomes.set(instance.id, outcome);
        bookkeeping(instance, outcome);
        if (key !== null) used.push(key);
        emit({ kind: 'finished', at: Date.now(), instance: instance.id, key, outcome });
      },
      onInPlace(found) {
        for (const [instance] of found) {
          outcomes.set(instance, { kind: 'up-to-date' });
          bookkeeping({ id: instance }, { kind: 'up-to-date' });
        }
        const instanceIds = found.map(([instance]) => instance);
        const keys = found.map(([, key]) => key);
        used.push(...keys);
        if (found.length > 0) emit({ kind: 'found-in-place', at: Date.now(), instances: instanceIds, keys });
      },
      onPlanned(planned, open) {
        const before = new Set(instances.map((instance) => instance.id));
        const now = new Set(planned.map((instance) => instance.id));
        instances = planned;
        emit({
          kind: 'planned-again',
          at: Date.now(),
          added: [...now].filter((instance) => !before.has(instance)),
          removed: [...before].filter((instance) => !now.has(instance)),
          awaited: open,
        });
      },
      onFaults(faults) {
        isFaulty ||= faults.length > 0;
        for (const diagnostic of faults) emit({ kind: 'warned', at: Date.now(), instance: null, diagnostic });
      },
    });
  } catch (error) {
    log.flush();
    throw error;
  } finally {
    start.stop();
    run.jobs.close();
    stop.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const exitCode = exitCodeOf([...outcomes.values()], isFaulty, signals);
  emit({ kind: 'run-finished', at: Date.now(), run: id, exitCode, seconds });
  log.flush();
  unlessDiskFails(() => recordUses(store, used, startedAt));
  finishRun(store, id, {
    at: Date.now(),
    exitCode,
    counts: countOutcomes(outcomes.values()),
    startedFrom: await start.finish(),
  });
  return { run: id, seconds, exitCode, outcomes: inPlanOrder(instances, outcomes), readsOutOfDate: false };
}

/** Gives a file for each start of a stage, from the project root. */
function outputFiles({ workspace }: Framed, run: RunId): () => string {
  const folder = `${logsFolder}/${run}`;
  let count = 0;
  return () => {
    workspace.disk.makeFolder(placeOf(workspace, folder));
    count += 1;
    return `${folder}/${count}.txt`;
  };
}

/** Records how instances ended, if that changed: a run with nothing to do writes nothing about them. */
function bookkeeper({ store, plan }: Framed, run: RunId): (instance: Named, outcome: Outcome) => void {
  const last = lastOutcomes(store, plan.pipeline);
  const good = new Set<string>(['ran', 'up-to-date', 'restored']);
  return (instance, outcome) => {
    const before = last.get(instance.id)?.kind;
    // An instance that was not started keeps its last outcome.
    if (outcome.kind === 'skipped') return;
    if (
      before !== outcome.kind &&
      !(before !== undefined && good.has(before) && outcome.kind === 'up-to-date')
    )
      recordOutcome(store, plan.pipeline, instance.id, run, outcome.kind);
  };
}

function exitCodeOf(
  outcomes: readonly Outcome[],
  isFaulty: boolean,
  signals: StopSignals,
): RunSummary['exitCode'] {
  if (signals.graceful.aborted || signals.hard.aborted) return stoppedCode(signals);
  return isFaulty || outcomes.some(({ kind }) => kind === 'failed' || kind === 'blocked') ? 1 : 0;
}
