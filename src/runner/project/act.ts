import { basename, dirname, join } from 'node:path';
import type { Result } from '../../result.ts';
import type { Collected, GcRequest, Problem, RerunVerification } from '../answers.ts';
import { orDiskProblem } from './disk-problem.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Event } from '../event.ts';
import type { Executor } from '../executors/executor.ts';
import type { Instance } from '../plan/instance.ts';
import type { Session } from '../status/session.ts';
import { frozenFaults } from '../status/frozen.ts';
import { frozenWarning } from '../status/frozen-warning.ts';
import { forecastOf, inspect } from '../status/inspect.ts';
import { workspaceOuts } from '../schedule/outs/place-outs.ts';
import { closeKilledRun } from '../schedule/attempt/interrupted-attempts.ts';
import type { RunWatcher } from '../schedule/run-controls.ts';
import { withRun } from '../schedule/with-run.ts';
import { type PlannedRun, refusedLists, runSelected } from '../schedule/run-selected.ts';
import { rerunAndCompare } from '../schedule/verify-rerun.ts';
import { memoryCheck } from './estimate.ts';
import { finalOuts } from './final-outs.ts';
import { withHubFolders } from './planning/hub-dependencies.ts';
import { type IdleRequest, recordIdle } from './idle-run.ts';
import { invalid } from './planning/invalid.ts';
import { oneInstance, selectFrom } from './planning/select-from.ts';
import type { Opened } from './open-rows.ts';
import { type Planned, plansOnDisk } from './planning/plan-here.ts';
import { placedHere } from './planning/placed-here.ts';
import { sessionFor } from './session-for.ts';
import type { Forecast } from '../plan/forecast.ts';
import { smokeFolder } from '../plan/smoke-instance.ts';
import type { FinishedRun, RunRequest, SmokeReport, StopSignals } from '../run-request.ts';
import { keysOfInstance } from '../store/attempts.ts';
import { dropRows, storeDamage } from '../cache/damaged-rows.ts';
import { lastKeys } from '../store/last-results.ts';
import { collectGarbage } from '../cache/gc.ts';
import { choose, chooseToRun, frozenFault, selectedIn, sessionToRun } from './planning/chosen.ts';
import { takeLock } from '../store/lock.ts';
import { allPlacements } from '../store/placements.ts';
import { wasKilled } from '../store/runs.ts';
import { partialFiles } from '../cache/partial-files.ts';
import { linkedFolders } from '../workspace/own-folders.ts';
import { removeTree } from '../workspace/replace.ts';
import { placeOf } from '../workspace/workspace.ts';
import { staleLists } from '../plan/stale-lists.ts';
import { queuedAttempts } from './queued/queued-attempts.ts';
import { awaitedResults } from './awaited-results.ts';
import { uncheckedDeps } from '../status/identity/recorded-dep.ts';
import { sharedCacheFault } from './shared-cache/shared-cache.ts';
import { noSharedCache } from './shared-cache/shared-source.ts';

export interface RunSources {
  /** Reads the pipeline file, when the run has its turn: it may have waited for long. */
  readonly plan: () => Promise<Result<Planned, Problem>>;
  /** Where to record that there was nothing to do. */
  readonly idle?: IdleRequest | undefined;
  readonly watcher?: RunWatcher;
}

/** Runs what is out of date: alone, after what a killed run left was put away. */
export async function run(
  rows: Opened,
  { plan, idle, watcher }: RunSources,
  request: RunRequest,
  onEvent: (event: Event) => void,
  stop: StopSignals,
): Promise<Result<FinishedRun, Problem>> {
  return locked(rows, request.waitSeconds, stop.graceful, async () => {
    if (rows.host.smoke !== undefined) await removeEarlierSmoke(rows, rows.host.smoke);
    const recording = idle === undefined ? undefined : recordIdle(rows, idle);
    const opened = recording?.opened ?? rows;
    const earlierEvents: Event[] = [];
    const onEarlyEvent = (event: Event): void => {
      onEvent(event);
      earlierEvents.push(event);
    };
    const first = await planRun(opened, plan, request, onEarlyEvent, stop.graceful);
    if (!first.ok) return first;
    const refused = await refusedLists(first.value.run);
    if (refused.length > 0) return invalid(refused, first.value.planned.sources);
    let last = first.value;
    const { retryDelay } = opened.host;
    const options = {
      request,
      async planAgain(): Promise<Result<PlannedRun, readonly Diagnostic[]>> {
        const again = await planRun(opened, plan, request, onEvent, stop.graceful);
        if (!again.ok) return { ok: false, error: diagnosticsOf(again.error) };
        last = again.value;
        return { ok: true, value: last.run };
      },
      retryDelay,
      watcher,
      earlierEvents,
    };
    const summary = await runSelected(last.run, options, onEvent, stop);
    const { planned, chosen } = last;
    const { smoke } = opened.host;
    const frozen = chosen.flatMap((instance) => (instance.frozen === undefined ? [] : [instance.id]));
    const finished = {
      ...summary,
      ...(frozen.length > 0 ? { frozen } : {}),
      results: finalOuts(chosen, planned.plan.needs),
      ...(smoke === undefined ? {} : { smoke: smokeReport(smoke, chosen) }),
    };
    recording?.remember(planned, chosen, finished);
    return { ok: true, value: finished };
  });
}

/** The results of earlier smoke runs. None is in progress: this one has the lock. */
async function removeEarlierSmoke({ workspace, lockFolder }: Opened, own: string): Promise<void> {
  for (const folder of new Set([placeOf(workspace, smokeFolder), join(lockFolder, basename(smokeFolder))])) {
    if (workspace.disk.stat(folder)?.isDirectory() !== true) continue;
    for (const name of workspace.disk.list(folder))
      if (name !== basename(own)) await removeTree(workspace, join(folder, name));
  }
}

function smokeReport(folder: string, chosen: readonly Instance[]): SmokeReport {
  const stagesOf = (isSmall: boolean): readonly string[] => [
    ...new Set(chosen.filter(({ smoke }) => smoke?.isSmall === isSmall).map(({ stage }) => stage)),
  ];
  return { folder, small: stagesOf(true), whole: stagesOf(false) };
}

interface ReadyRun {
  readonly run: PlannedRun;
  /** Before models of the hub were put in their places. */
  readonly planned: Planned;
  readonly chosen: readonly Instance[];
}

/** Plans a request, with all that it needs to run here. */
async function planRun(
  opened: Opened,
  plan: RunSources['plan'],
  request: RunRequest,
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<Result<ReadyRun, Problem>> {
  const read = await plan();
  if (!read.ok) return read;
  const placed = await placedHere(opened, read.value);
  if (!placed.ok) return placed;
  const planned = placed.value;
  const choice = choose(opened, planned, request);
  if (!choice.ok) return choice;
  const { policyOf, existingOutsOf } = choice.value;
  const { chosen } = choice.value.selected;
  const running = chosen.filter(({ frozen }) => frozen === undefined);
  const withFolders = await withHubFolders(opened, planned, running, onEvent, signal);
  if (!withFolders.ok) return withFolders;
  const selected = selectedIn(withFolders.value.plan, choice.value.selected);
  const session = await sessionToRun(opened, withFolders.value, { ...choice.value, selected }, request);
  if (!session.ok) return session;
  if (request.restoreOnly === true && session.value.source === undefined) return noSharedCache();
  const frozenWithout =
    request.restoreOnly === true ? [] : await frozenFaults(session.value, selected.chosen);
  if (frozenWithout.length > 0) return invalid(frozenWithout, withFolders.value.sources);
  const started =
    request.restoreOnly === true ? [] : selected.chosen.filter(({ frozen }) => frozen === undefined);
  const unready = await unreadyExecutor(session.value, started, onEvent, signal);
  if (unready !== undefined) return invalid([unready], withFolders.value.sources);
  const memory =
    request.restoreOnly === true ? undefined : await memoryCheck(opened, session.value, selected, policyOf);
  const ofMemory = memory?.findings ?? [];
  const tooLarge = ofMemory.filter(({ severity }) => severity === 'error');
  if (tooLarge.length > 0) return invalid(tooLarge, withFolders.value.sources);
  const warnings = [
    ...ofMemory,
    ...withFolders.value.warnings,
    ...frozenWarning(selected.chosen),
    ...(request.allowMissing === true ? uncheckedDeps(session.value, selected.chosen) : []),
  ];
  const { listFaults } = planned;
  const ready = {
    session: session.value,
    selected,
    policyOf,
    existingOutsOf,
    warnings,
    listFaults,
    assessments: memory?.assessments,
  };
  return { ok: true, value: { run: ready, planned, chosen } };
}

/** Obstacles that stop a run that has begun. */
const diagnosticsOf = (problem: Problem): readonly Diagnostic[] =>
  problem.kind === 'invalid'
    ? problem.diagnostics
    : [
        {
          severity: 'error',
          code: 'not-planned',
          message:
            problem.kind === 'busy'
              ? 'another run is in progress'
              : `planning again failed: ${problem.message}`,
        },
      ];

/** Obstacles that keep instances from being planned for their executors. */
async function unreadyExecutor(
  { executorOf }: Session,
  instances: readonly Instance[],
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<Diagnostic | undefined> {
  const choice = new Set<Executor>();
  for (const instance of instances) {
    const executor = executorOf(instance);
    const onWait = (): void => onEvent(waitingWarning(executor, instance));
    const message = choice.has(executor) ? undefined : await executor.prepare?.(signal, onWait);
    choice.add(executor);
    if (message !== undefined)
      return {
        severity: 'error',
        code: 'executor',
        message: `executor "${executor.name}": ${message}`,
        ...(instance.executor === undefined ? {} : { at: instance.executor.at }),
      };
  }
  return undefined;
}

const waitingWarning = ({ name }: Executor, { executor }: Instance): Event => ({
  kind: 'warned',
  at: Date.now(),
  instance: null,
  diagnostic: {
    severity: 'warning',
    code: 'executor-waits',
    message:
      `executor "${name}": the job that inspects its nodes waits ` +
      'in the queue; the run begins when it has ended',
    help: 'that is needed once; Ctrl-C cancels the job',
    ...(executor === undefined ? {} : { at: executor.at }),
  },
});

export async function dryRun(
  opened: Opened,
  planned: Planned,
  request: RunRequest,
): Promise<Result<Forecast, Problem>> {
  const chosen = await chooseToRun(opened, planned, request);
  if (!chosen.ok) return chosen;
  const {
    session,
    selected: { chosen: instances, takenAsIs, listed },
    policyOf,
  } = chosen.value;
  const frozenWithout = await frozenFaults(session, instances);
  if (frozenWithout.length > 0) return invalid(frozenWithout, planned.sources);
  return {
    ok: true,
    value: await forecastOf(session, instances, new Set(takenAsIs.map(({ id }) => id)), policyOf, listed),
  };
}

/** Does something that only one process may do at a time. */
async function locked<T>(
  opened: Opened,
  waitSeconds: number,
  signal: AbortSignal,
  act: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const lock = await takeLock(opened.store, waitSeconds, signal, opened.lockFolder);
  if (!lock.ok) return lock;
  try {
    return await orDiskProblem(async () => {
      const linked = linkedFolders(opened.workspace);
      const shared = sharedCacheFault(opened.workspace, opened.store);
      const faults = [...linked, ...(shared === undefined ? [] : [shared])];
      if (faults.length > 0) return invalid(faults);
      if (wasKilled(opened.store)) await removePartialFiles(opened);
      await closeKilledRun({ ...opened, executor: opened.executors.local });
      return act();
    });
  } finally {
    opened.stats.flush();
    lock.value.release();
  }
}

/** Runs before the killed run is marked as reaped: if we are killed here, the next run finds them again. */
async function removePartialFiles({ workspace, store }: Opened): Promise<void> {
  const folders = new Set(allPlacements(store).map(({ path }) => dirname(path)));
  for (const path of partialFiles(workspace, folders)) await removeTree(workspace, placeOf(workspace, path));
}

/**
 * Deletes results that no pipeline file on disk names and that the last runs did not make. If one of the
 * files cannot be read, nothing is deleted: the instances that it names are unknown.
 */
export async function gc(
  opened: Opened,
  set: readonly string[],
  { keepRuns, ...options }: GcRequest,
): Promise<Result<Collected, Problem>> {
  return locked(opened, 0, new AbortController().signal, async () => {
    const plans = await plansOnDisk(opened.place, set, opened.store);
    if (!plans.ok) return plans;
    const keys = new Set<string>();
    const instances = new Set<string>();
    const folders = new Set<string>();
    const executors = new Map<string, Planned['executors']>();
    for (const read of plans.value) {
      const placed = await placedHere(opened, read);
      if (!placed.ok) return placed;
      const planned = placed.value;
      const session = await sessionFor(opened, planned, [], planned.plan.instances);
      if (!session.ok) return session;
      const { plan } = planned;
      executors.set(plan.pipeline, planned.executors);
      const last = lastKeys(opened.store, plan.pipeline);
      const keep = (id: string, named: readonly string[]): void => {
        instances.add(`${plan.pipeline} ${id}`);
        const lastKey = last.get(id);
        for (const key of lastKey === undefined ? named : [lastKey, ...named]) keys.add(key);
      };
      const inspections = await inspect(session.value, plan.instances);
      const outs = new Map(inspections.map(({ instance, outs: present }) => [instance.id, present]));
      const stale = staleLists(plan, (id) => outs.get(id));
      for (const id of awaitedResults(opened.store, plan, stale))
        keep(id, keysOfInstance(opened.store, plan.pipeline, id));
      for (const { instance, key } of inspections) {
        for (const path of workspaceOuts(instance)) folders.add(dirname(path));
        // An instance that waits for another could still end under any key that it ever had.
        keep(
          instance.id,
          key === undefined ? keysOfInstance(opened.store, plan.pipeline, instance.id) : [key],
        );
      }
    }
    const attempts = await queuedAttempts(opened, executors, keys);
    return {
      ok: true,
      value: await collectGarbage(
        opened.workspace,
        opened.store,
        { keys, instances, folders, attempts, runs: keepRuns },
        { ...options, now: Date.now() },
      ),
    };
  });
}

/**
 * Drops the unreadable rows of the store: their content is computed or fetched again. Returns their number.
 */
export async function repair(opened: Opened): Promise<Result<number, Problem>> {
  return locked(opened, 0, new AbortController().signal, async () => {
    const { rows } = storeDamage(opened.store);
    dropRows(opened.store, rows);
    return { ok: true, value: rows.length };
  });
}

/** Executes an instance again, beside its result, and compares what comes out. */
export async function verifyRerun(
  opened: Opened,
  planned: Planned,
  instance: string,
  onEvent: (event: Event) => void,
  stop: StopSignals,
): Promise<Result<RerunVerification, Problem>> {
  const placed = await placedHere(opened, planned);
  if (!placed.ok) return placed;
  const { sources } = placed.value;
  const chosen = selectFrom(placed.value, { patterns: [instance], mode: 'only' });
  if (!chosen.ok) return chosen;
  const [named] = chosen.value.chosen;
  if (named === undefined || chosen.value.chosen.length > 1)
    return invalid([oneInstance(instance, chosen.value.chosen)], sources);
  if (named.frozen !== undefined) return invalid([frozenFault(named.id, named.frozen)], sources);
  return locked(opened, 0, stop.graceful, async () => {
    const withFolders = await withHubFolders(opened, placed.value, [named], onEvent, stop.graceful);
    if (!withFolders.ok) return withFolders;
    const only = withFolders.value.plan.instances.find(({ id }) => id === named.id) ?? named;
    const session = await sessionFor(opened, withFolders.value, [only]);
    if (!session.ok) return session;
    const unready = await unreadyExecutor(session.value, [only], onEvent, stop.graceful);
    if (unready !== undefined) return invalid([unready], sources);
    const { retryDelay } = opened.host;
    let compared: Result<RerunVerification> = { ok: false, error: 'nothing was run' };
    await withRun(session.value, { instances: [only], jobs: 1, retryDelay }, onEvent, stop, async (run_) => {
      compared = await rerunAndCompare(run_, only);
    });
    return compared.ok
      ? compared
      : invalid([{ severity: 'error', code: 'no-comparison', message: compared.error }], sources);
  });
}
