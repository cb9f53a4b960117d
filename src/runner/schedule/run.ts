import type { Diagnostic } from '../diagnostic.ts';
import type { SharedCacheReport } from '../answers.ts';
import type { Event, Outcome } from '../event.ts';
import { countOutcomes } from '../report/count-outcomes.ts';
import type { InstanceId, Key, RunId } from '../identity.ts';
import type { Policy } from '../manifest/decide.ts';
import { inPlanOrder } from '../plan/in-plan-order.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import type { Selected } from '../plan/select.ts';
import {
  type ExistingOuts,
  type RunRequest,
  type RunSummary,
  stoppedCode,
  type StopSignals,
} from '../run-request.ts';
import { lastKeys, meanSeconds } from '../store/last-results.ts';
import { readTogether, type Store } from '../store/database/open-store.ts';
import { eventLog } from '../store/event-log.ts';
import { placedOuts } from '../store/placements.ts';
import { finishRun, insertRun, isRun, lastOutcomes, recordOutcome, recordStart } from '../store/runs.ts';
import { placeOf, readUntil, type Workspace } from '../workspace/workspace.ts';
import { recordWritten } from '../workspace/written.ts';
import { lookAtStart } from './started-from.ts';
import type { Session } from '../status/assess.ts';
import { failedBy, type Run, type RunOf, warn } from './execute-instance.ts';
import { newRunId } from './new-run-id.ts';
import type { Capacity, Executor } from '../executors/executor.ts';
import { thisProcess } from '../executors/process-identity.ts';
import type { RunWatcher } from './run-controls.ts';
import { type Allotment, allotment } from './allotment.ts';
import { jobsOfRun } from './jobs.ts';
import { logsFolder } from '../workspace/cache-layout.ts';
import { takeAsIs, type TakenAsIs } from './outs/taken-as-is.ts';
import { stopFor } from './stop.ts';
import { isInPlace, assessAll, type Standing } from '../status/assess-all.ts';

export interface RunOptions {
  readonly request: RunRequest;
  /** In the order of the plan. */
  readonly selected: Selected;
  /** Those that were named, which `--force` is about. */
  readonly policyOf: (instance: Instance) => Policy;
  /** Of those that were named. */
  readonly existingOutsOf: (instance: Instance) => ExistingOuts | undefined;
  readonly retryDelay: (attempt: number) => number;
  /** Of the pipeline file. */
  readonly warnings: readonly Diagnostic[];
  readonly watcher?: RunWatcher | undefined;
  /** What happened before the run began: downloads. Already passed on. */
  readonly earlierEvents: readonly Event[];
}

/** Runs what is out of date. The caller holds the lock. */
export async function runSelected(
  session: Session,
  options: RunOptions,
  onEvent: (event: Event) => void,
  signals: StopSignals,
): Promise<RunSummary> {
  const { request, selected, policyOf } = options;
  const capacities = new Map<Executor, Capacity>();
  for (const executor of new Set(selected.chosen.map(session.executorOf)))
    capacities.set(executor, executor.capacity(request.jobs));
  const jobs = [...capacities.values()].reduce((sum, capacity) => sum + capacity.jobs, 0);
  let readsOutOfDate = false;
  let sharedCache: SharedCacheReport | undefined;
  const summary = await withRun(
    session,
    { ...options, instances: selected.chosen, jobs, detach: request.detach === true },
    onEvent,
    signals,
    async (run, ends) => {
      await settle(run, ends);
      sharedCache = await session.source?.finish?.(run.stop.stopped);
    },
  );
  return { ...summary, readsOutOfDate, ...(sharedCache === undefined ? {} : { sharedCache }) };

  async function settle(run: Run, { onOutcome, onInPlace }: Ends): Promise<void> {
    session.source?.onWarning?.((warning) => warn(run, null, warning));
    for (const warning of options.warnings) warn(run, null, warning);
    const { warnings, blocked } = await takeAsIs(run, selected);
    readsOutOfDate = warnings.length > 0;
    for (const warning of warnings) warn(run, null, warning);
    const ready = withoutBlocked(selected, blocked, onOutcome);
    const takenAsIs = new Set(selected.takenAsIs.map((instance) => instance.id));
    const looking = { ...session, workspace: readUntil(session.workspace, run.stop.stopped) };
    const standings = await readTogether(session.store, () => assessAll(looking, ready, policyOf, takenAsIs));
    const rest = noteInPlace(run, ready, standings, onInPlace);
    if (rest.length === 0) return;
    options.watcher?.onControls({
      session,
      running: () => [...run.running],
      startNoMore: () => run.stop.startNoMore(),
    });
    const { runInstances } = await import('./run-instances.ts');
    await runInstances(
      run,
      rest,
      {
        policyOf,
        existingOutsOf: options.existingOutsOf,
        keepGoing: request.keepGoing,
        allotmentOf: allotments(session, capacities),
        restoreOnly: request.restoreOnly === true,
        failures: options.watcher?.failures ?? new Map(),
        standings,
      },
      onOutcome,
    );
    await recordWritten(session.workspace);
  }
}

function allotments(
  { executorOf }: Session,
  capacities: ReadonlyMap<Executor, Capacity>,
): (instance: Instance) => Allotment {
  const opened = new Map([...capacities].map(([executor, capacity]) => [executor, allotment(capacity)]));
  return (instance) => {
    const found = opened.get(executorOf(instance));
    if (found === undefined) throw new Error(`${instance.id} was not chosen`);
    return found;
  };
}

type OnOutcome = (instance: Named, key: Key | null, outcome: Outcome) => void;

/** How a run is informed of the ends of its instances. */
interface Ends {
  readonly onOutcome: OnOutcome;
  /** Instances that turned out to be up to date, with their keys. */
  readonly onInPlace: (found: readonly InPlace[]) => void;
}

type InPlace = readonly [InstanceId, Key];

type Named = Pick<Instance, 'id'>;

/** What the frame of a run asks of its session. */
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
}

/**
 * What every run has around it: its row, its events, the stop signals, its jobs, and its end. The caller
 * holds the lock.
 */
export async function withRun<S extends Framed>(
  session: S,
  { instances, jobs, retryDelay, earlierEvents = [], detach = false }: RunFrame,
  onEvent: (event: Event) => void,
  signals: StopSignals,
  act: (run: RunOf<S>, ends: Ends) => Promise<void>,
): Promise<RunSummary> {
  const startedAt = Date.now();
  const started = performance.now();
  const { store, plan } = session;
  const runner = thisProcess();
  const id = newRunId(startedAt, (run) => isRun(store, run));
  const start = lookAtStart(session.workspace.root, (from) => recordStart(store, id, from));
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
  for (const event of earlierEvents) log.add(event);
  const emit = (event: Event): void => {
    log.add(event);
    onEvent(event);
  };
  emit({
    kind: 'run-started',
    at: startedAt,
    run: id,
    pipeline: plan.pipeline,
    instances: instances.map((instance) => instance.id),
    jobs,
    earlier: meanSeconds(store, plan.pipeline),
  });
  const stop = stopFor(signals, (hard) => emit({ kind: 'interrupting', at: Date.now(), hard }));
  const outcomes = new Map<InstanceId, Outcome>();
  const bookkeeping = bookkeeper(session, id);
  const run: RunOf<S> = {
    session,
    jobs: jobsOfRun(),
    run: id,
    stop,
    running: new Set(),
    changes: { count: 0 },
    detach,
    learned: new Map(),
    emit,
    nextOutput: outputFiles(session, id),
    retryDelay,
  };
  try {
    await act(run, {
      onOutcome(instance, key, outcome) {
        outcomes.set(instance.id, outcome);
        bookkeeping(instance, outcome);
        emit({ kind: 'finished', at: Date.now(), instance: instance.id, key, outcome });
      },
      onInPlace(found) {
        for (const [instance] of found) {
          outcomes.set(instance, { kind: 'up-to-date' });
          bookkeeping({ id: instance }, { kind: 'up-to-date' });
        }
        const instanceIds = found.map(([instance]) => instance);
        const keys = found.map(([, key]) => key);
        if (found.length > 0) emit({ kind: 'found-in-place', at: Date.now(), instances: instanceIds, keys });
      },
    });
  } catch (error) {
    log.flush();
    throw error;
  } finally {
    run.jobs.close();
    stop.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const exitCode = exitCodeOf([...outcomes.values()], signals);
  emit({ kind: 'run-finished', at: Date.now(), run: id, exitCode, seconds });
  log.flush();
  finishRun(store, id, {
    at: Date.now(),
    exitCode,
    counts: countOutcomes(outcomes.values()),
    startedFrom: await start.settle(),
  });
  return { run: id, seconds, exitCode, outcomes: inPlanOrder(instances, outcomes), readsOutOfDate: false };
}

/** Tells the end of those that read what cannot be had; gives the others. */
function withoutBlocked(
  selected: Selected,
  blocked: TakenAsIs['blocked'],
  onOutcome: OnOutcome,
): readonly Instance[] {
  return selected.chosen.filter((instance) => {
    const message = blocked.get(instance.id);
    if (message !== undefined) onOutcome(instance, null, failedBy(message));
    return message === undefined;
  });
}

/** Tells the end of those for which nothing has to be done, and nothing written down; gives the others. */
function noteInPlace(
  { session: { store, plan } }: Run,
  instances: readonly Instance[],
  standings: ReadonlyMap<InstanceId, Standing>,
  onInPlace: Ends['onInPlace'],
): readonly Instance[] {
  const found: InPlace[] = [];
  const keys = lastKeys(store, plan.pipeline);
  const placed = placedOuts(store);
  const rest = instances.filter((instance) => {
    const seen = standings.get(instance.id);
    if (seen?.kind !== 'assessed' || !isInPlace(seen) || seen.assessment.decision.kind !== 'restore')
      return true;
    const { key, decision } = seen.assessment;
    // A run that was killed may have put outs in their places and not said so.
    const isRecorded =
      keys.get(instance.id) === key &&
      Object.entries(decision.entry.outs).every(
        ([name, { digest }]) => placed.get(instance.outs[name]?.path ?? '') === digest,
      );
    if (isRecorded) found.push([instance.id, key]);
    return !isRecorded;
  });
  onInPlace(found);
  return rest;
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

/** Notes how instances ended, where that is news: a run with nothing to do writes nothing about them. */
function bookkeeper({ store, plan }: Framed, run: RunId): (instance: Named, outcome: Outcome) => void {
  const last = lastOutcomes(store, plan.pipeline);
  const good = new Set<string>(['ran', 'up-to-date', 'restored']);
  return (instance, outcome) => {
    const before = last.get(instance.id)?.kind;
    // What was not asked to start is as it was: failed, interrupted or well.
    if (outcome.kind === 'skipped') return;
    if (
      before !== outcome.kind &&
      !(before !== undefined && good.has(before) && outcome.kind === 'up-to-date')
    )
      recordOutcome(store, plan.pipeline, instance.id, run, outcome.kind);
  };
}

function exitCodeOf(outcomes: readonly Outcome[], signals: StopSignals): RunSummary['exitCode'] {
  if (signals.gentle.aborted || signals.hard.aborted) return stoppedCode(signals);
  return outcomes.some(({ kind }) => kind === 'failed' || kind === 'blocked') ? 1 : 0;
}
