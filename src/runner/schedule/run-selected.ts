import type { SharedCacheReport } from '../answers.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Event, Outcome } from '../event.ts';
import type { Capacity, Executor } from '../executors/executor.ts';
import type { InstanceId } from '../identity.ts';
import type { Policy } from '../manifest/decide.ts';
import type { Instance } from '../plan/instance.ts';
import type { Selected } from '../plan/select.ts';
import { awaitedInstances, staleLists } from '../plan/stale-lists.ts';
import { needsToRun, withDependents, withNeeds } from '../plan/with-needs.ts';
import type { DroppedOuts, ExistingOuts, RunRequest, RunSummary, StopSignals } from '../run-request.ts';
import { assessAll, isInPlace, presentOuts, type AssessedInstance } from '../status/assess-all.ts';
import type { Session } from '../status/session.ts';
import { changedOptionalPaths } from '../status/identity/recorded-dep.ts';
import { readTogether } from '../store/database/open-store.ts';
import { lastKeys } from '../store/last-results.ts';
import { placedOuts } from '../store/placements.ts';
import { readUntil } from '../workspace/workspace.ts';
import { recordWritten } from '../workspace/written.ts';
import type { Result } from '../../result.ts';
import { type Allotment, allotment } from './allotment/allotment.ts';
import { claimsOfRun } from './allotment/claims-of-run.ts';
import { failedBy } from './failed-by.ts';
import { type Run, warn } from './run.ts';
import { dropTempOuts } from './outs/drop-temp-outs.ts';
import { takeAsIs, type TakenAsIs } from './outs/taken-as-is.ts';
import { type Ends, type InPlace, type OnOutcome, withRun } from './with-run.ts';
import type { RunWatcher } from './run-controls.ts';

/** The work to be done, with the current lists that matrices take values from. */
export interface PlannedRun {
  readonly session: Session;
  /** In the order of the plan. */
  readonly selected: Selected;
  /** Those that were named, which `--force` is about. */
  readonly policyOf: (instance: Instance) => Policy;
  /** Of those that were named. */
  readonly existingOutsOf: (instance: Instance) => ExistingOuts | undefined;
  /** Of the pipeline file. */
  readonly warnings: readonly Diagnostic[];
  /** Faults of the instances that the lists give. */
  readonly listFaults: readonly Diagnostic[];
  /** Of what is selected, if planning had to know it: nothing has run and nothing was restored since. */
  readonly assessments?: ReadonlyMap<InstanceId, AssessedInstance> | undefined;
}

export interface RunOptions {
  readonly request: RunRequest;
  /** Plans again: lists have been made. */
  readonly planAgain: () => Promise<Result<PlannedRun, readonly Diagnostic[]>>;
  readonly retryDelay: (attempt: number) => number;
  readonly watcher?: RunWatcher | undefined;
  /** What happened before the run began: downloads. Already passed on. */
  readonly earlierEvents: readonly Event[];
}

/**
 * Runs what is out of date. If a list that it depends on is out of date, it runs up to the list, plans again,
 * and continues. The caller holds the lock.
 */
export async function runSelected(
  first: PlannedRun,
  options: RunOptions,
  onEvent: (event: Event) => void,
  signals: StopSignals,
): Promise<RunSummary> {
  const { request } = options;
  const allotmentOf = allotments(request);
  const { session, selected } = first;
  const executors = new Set(selected.chosen.map(session.executorOf));
  const jobs = [...executors].reduce((sum, executor) => sum + allotmentOf.capacity(executor).jobs, 0);
  const warned = new Set<string>();
  let readsOutOfDate = false;
  let sharedCache: SharedCacheReport | undefined;
  let dropped: DroppedOuts | undefined;
  const summary = await withRun(
    session,
    {
      ...options,
      instances: selected.chosen,
      jobs,
      detach: request.detach === true,
      awaited: awaitedInstances(selected.listed, new Set()),
    },
    onEvent,
    signals,
    async (run, ends) => {
      session.source?.onWarning?.((warning) => warn(run, null, warning));
      const { last, ran } = await resolveAll(run, ends);
      sharedCache = await session.source?.finish?.(run.stop.stopped);
      if (!run.stop.isStopping() && request.restoreOnly !== true)
        dropped = await dropTempOuts({ ...run, session: last.session }, last.policyOf, ran);
    },
  );
  return {
    ...summary,
    readsOutOfDate,
    ...(sharedCache === undefined ? {} : { sharedCache }),
    ...(dropped === undefined ? {} : { dropped }),
  };

  /** Returns the last plan, and the instances that ran. */
  async function resolveAll(
    run: Run,
    ends: Ends,
  ): Promise<{ readonly last: PlannedRun; readonly ran: ReadonlySet<InstanceId> }> {
    const ended = new Map<InstanceId, Outcome>();
    const ran = new Set<InstanceId>();
    const recording: Ends = {
      ...ends,
      onOutcome(instance, key, outcome) {
        ended.set(instance.id, outcome);
        if (outcome.kind === 'ran') ran.add(instance.id);
        ends.onOutcome(instance, key, outcome);
      },
      onInPlace(found) {
        for (const [id] of found) ended.set(id, { kind: 'up-to-date' });
        // Instances that ran earlier in this run are still reported as such.
        ends.onInPlace(found.filter(([id]) => !ran.has(id)));
      },
    };
    let planned = first;
    for (;;) {
      const isListMade = await runKnown({ ...run, session: planned.session }, planned, ended, recording);
      if (!isListMade && run.remade.size === 0) break;
      if (!isListMade) {
        for (const id of withDependents(planned.session.plan, run.remade))
          if (!run.remade.has(id) && isMade(ended.get(id))) ended.delete(id);
        run.remade.clear();
        continue;
      }
      const again = await options.planAgain();
      if (!again.ok) {
        leave(planned, ended, again.error, recording);
        return { last: planned, ran };
      }
      const { source } = session;
      planned = { ...again.value, session: { ...again.value.session, source } };
      const { chosen, listed } = planned.selected;
      ends.onPlanned(chosen, awaitedInstances(listed, new Set()));
    }
    const made = planned.selected.chosen.filter(
      ({ id, frozen }) => frozen === undefined && isMade(ended.get(id)),
    );
    if (ran.size > 0)
      for (const warning of changedOptionalPaths(planned.session, made)) warnOnce(run, warning);
    return { last: planned, ran };
  }

  /**
   * Runs what can run with the current plan; returns whether to plan again, since lists were made that it
   * depends on.
   */
  async function runKnown(
    run: Run,
    planned: PlannedRun,
    ended: ReadonlyMap<InstanceId, Outcome>,
    ends: Ends,
  ): Promise<boolean> {
    const { chosen, takenAsIs } = planned.selected;
    for (const warning of planned.warnings) warnOnce(run, warning);
    const taken = await takeAsIs(run, planned.selected);
    readsOutOfDate ||= taken.warnings.length > 0;
    for (const warning of taken.warnings) warnOnce(run, warning);
    const left = chosen.filter(({ id }) => !ended.has(id));
    const ready = withoutBlocked(left, taken.blocked, ends.onOutcome);
    const madeBefore = [...ended].flatMap(([id, outcome]) => (isMade(outcome) ? [id] : []));
    const known = new Set([...takenAsIs.map(({ id }) => id), ...madeBefore]);
    const stoppable = { ...run.session, workspace: readUntil(run.session.workspace, run.stop.stopped) };
    const isAsPlanned = ended.size === 0 && takenAsIs.length === 0;
    const assessments =
      (isAsPlanned ? planned.assessments : undefined) ??
      (await readTogether(run.session.store, () => assessAll(stoppable, ready, planned.policyOf, known)));
    const producers = staleProducers(planned, ready, assessments);
    if (producers.length === 0) ends.onFaults(faultsOfLists(planned));
    else {
      const { listed } = planned.selected;
      const awaited = awaitedInstances(listed, new Set(producers));
      if (awaited.length > awaitedInstances(listed, new Set()).length) ends.onPlanned(chosen, awaited);
      const upTo = withNeeds(planned.session.plan, producers);
      const needed = ready.filter(({ id }) => upTo.has(id));
      await bringUpToDate(run, planned, needed, assessments, ended, ends);
      if (run.stop.isStopping()) return leave(planned, ended, [], ends);
      if (producers.every((id) => isMade(ended.get(id)))) return true;
    }
    const uncached = producers.filter((id) => ended.get(id)?.kind === 'ran' && !isMade(ended.get(id)));
    ends.onFaults(uncached.map(listNotCached));
    const rest = ready.filter(({ id }) => !ended.has(id));
    const before = new Map([...ended, ...uncached.map((id) => [id, { kind: 'blocked', by: id }] as const)]);
    await bringUpToDate(run, planned, rest, assessments, before, ends);
    return false;
  }

  async function bringUpToDate(
    run: Run,
    { policyOf, existingOutsOf }: PlannedRun,
    instances: readonly Instance[],
    assessments: ReadonlyMap<InstanceId, AssessedInstance>,
    ended: ReadonlyMap<InstanceId, Outcome>,
    { onOutcome, onInPlace }: Ends,
  ): Promise<void> {
    const rest = noteInPlace(run, instances, assessments, onInPlace);
    if (rest.length === 0) return;
    options.watcher?.onControls({
      session: run.session,
      running: () => [...run.running],
      startNoMore: () => run.stop.startNoMore(),
    });
    const { runInstances } = await import('./run-instances.ts');
    await runInstances(
      run,
      rest,
      {
        policyOf,
        existingOutsOf,
        keepGoing: request.keepGoing,
        allotmentOf: (instance) => allotmentOf.share(run, run.session.executorOf(instance)),
        restoreOnly: request.restoreOnly === true,
        failures: options.watcher?.failures ?? new Map(),
        ended,
        assessments,
      },
      onOutcome,
    );
    await recordWritten(run.session.workspace);
  }

  function warnOnce(run: Run, warning: Diagnostic): void {
    const text = JSON.stringify(warning);
    if (!warned.has(text)) warn(run, null, warning);
    warned.add(text);
  }
}

/** Ends a run whose lists were made and that cannot go on. */
function leave(
  { selected }: PlannedRun,
  ended: ReadonlyMap<InstanceId, Outcome>,
  faults: readonly Diagnostic[],
  ends: Ends,
): false {
  ends.onFaults(faults);
  for (const instance of selected.chosen)
    if (!ended.has(instance.id)) ends.onOutcome(instance, null, { kind: 'skipped' });
  return false;
}

/** Whether an instance has a result that is cached, and that what reads from it can be planned with. */
const isMade = (outcome: Outcome | undefined): boolean =>
  outcome?.kind === 'up-to-date' ||
  outcome?.kind === 'restored' ||
  (outcome?.kind === 'ran' && outcome.published);

const listNotCached = (producer: InstanceId): Diagnostic => ({
  severity: 'error',
  code: 'unknown-list',
  message: `the list of ${producer} is unknown, because its result is not cached`,
  help: 'run again',
});

/**
 * The faults of lists that leave nothing of the selection to plan now; empty if lists have to be made first
 * to know.
 */
export async function refusedLists(planned: PlannedRun): Promise<readonly Diagnostic[]> {
  const faults = faultsOfLists(planned);
  if (faults.length === 0) return [];
  const { session, selected, policyOf } = planned;
  const known = new Set(selected.takenAsIs.map(({ id }) => id));
  const assessments = await readTogether(session.store, () =>
    assessAll(session, selected.chosen, policyOf, known),
  );
  return staleProducers(planned, selected.chosen, assessments).length > 0 ? [] : faults;
}

const faultsOfLists = ({ selected, listFaults }: PlannedRun): readonly Diagnostic[] => [
  ...(selected.listed.length > 0 ? listFaults : []),
  ...selected.unmatched,
];

/** The instances whose lists the selection depends on, and which have changed since it was planned. */
function staleProducers(
  { session: { plan }, selected: { chosen, listed } }: PlannedRun,
  ready: readonly Instance[],
  assessments: ReadonlyMap<InstanceId, AssessedInstance>,
): readonly InstanceId[] {
  if (plan.lists === undefined) return [];
  const wanted = new Set([
    ...listed.flatMap(({ after }) => after),
    ...chosen.flatMap((instance) => needsToRun(plan, instance)),
  ]);
  const stale = staleLists(plan, (id) => presentOuts(assessments.get(id)));
  return ready.flatMap(({ id }) => (wanted.has(id) && stale.has(id) ? [id] : []));
}

/** Executors with their capacities, each queried once in a run. */
function allotments({ jobs }: RunRequest): {
  capacity(executor: Executor): Capacity;
  share(run: Run, executor: Executor): Allotment;
} {
  const capacities = new Map<Executor, Capacity>();
  const opened = new Map<Executor, Allotment>();
  const capacity = (executor: Executor): Capacity => {
    const known = capacities.get(executor) ?? executor.capacity(jobs);
    capacities.set(executor, known);
    return known;
  };
  return {
    capacity,
    share(run, executor) {
      const known = opened.get(executor) ?? allotment(capacity(executor), claimsOfRun(run, executor));
      opened.set(executor, known);
      return known;
    },
  };
}

/** Reports the end of instances with unavailable inputs; returns the others. */
function withoutBlocked(
  instances: readonly Instance[],
  blocked: TakenAsIs['blocked'],
  onOutcome: OnOutcome,
): readonly Instance[] {
  return instances.filter((instance) => {
    const message = blocked.get(instance.id);
    if (message !== undefined) onOutcome(instance, null, failedBy(message));
    return message === undefined;
  });
}

/** Reports the end of instances with nothing to do and nothing to record; returns the others. */
function noteInPlace(
  { session: { store, plan } }: Run,
  instances: readonly Instance[],
  assessments: ReadonlyMap<InstanceId, AssessedInstance>,
  onInPlace: Ends['onInPlace'],
): readonly Instance[] {
  const found: InPlace[] = [];
  const keys = lastKeys(store, plan.pipeline);
  const placed = placedOuts(store);
  const rest = instances.filter((instance) => {
    const seen = assessments.get(instance.id);
    if (seen?.kind !== 'assessed' || !isInPlace(seen) || seen.assessment.decision.kind !== 'restore')
      return true;
    const { key, decision, dropped } = seen.assessment;
    // A run that was killed may have put outs in their places without recording it.
    const isRecorded =
      keys.get(instance.id) === key &&
      Object.entries(decision.entry.outs).every(
        ([name, { digest }]) =>
          dropped.includes(name) || placed.get(instance.outs[name]?.path ?? '') === digest,
      );
    if (isRecorded) found.push([instance.id, key]);
    return !isRecorded;
  });
  onInPlace(found);
  return rest;
}
