import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../result.ts';
import type {
  Artifact,
  Explanation,
  Graph,
  InstanceLog,
  InstanceMetrics,
  InstanceStatus,
  ModelPlace,
  ModelResults,
  Problem,
  ResultFiles,
  RunHistory,
  RunRecord,
  RunState,
  Status,
  Truncation,
  Tracking,
  Verification,
} from '../answers.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { AwaitedInstances, Failure, NumberedEvent } from '../event.ts';
import { type Inspection, inspect, sinceLastResult } from '../status/inspect.ts';
import type { Session } from '../status/assess.ts';
import { isSameProcess } from '../executors/process-identity.ts';
import type { InstanceId } from '../identity.ts';
import type { Reason } from '../manifest/reason.ts';
import { machineFiles } from './machine/machine-files.ts';
import { machineTexts } from './machine/machine-texts.ts';
import { invalid } from './planning/invalid.ts';
import { withSharedCache } from './planning/chosen.ts';
import { oneInstance, selectFrom, selectToRun, unknownList } from './planning/select-from.ts';
import { awaitedResults } from './awaited-results.ts';
import type { Opened } from './open-rows.ts';
import { type Planned, plansOnDisk } from './planning/plan-here.ts';
import { sessionFor } from './session-for.ts';
import { awaitedInstances, staleLists } from '../plan/stale-lists.ts';
import { instancesWithNeeds } from '../plan/with-needs.ts';
import type { PlannedBest } from '../plan/best-of.ts';
import { isModel } from '../plan/evaluated-model.ts';
import type { Instance } from '../plan/instance.ts';
import type { Selection } from '../plan/select.ts';
import { lacksMetric, markBest, type Measured } from './results/mark-best.ts';
import { modelPlace } from './results/model-place.ts';
import { foundInRun, foundNow, modelResults } from './results/model-results.ts';
import { namedMetrics, type NamedMetrics } from './results/named-metrics.ts';
import { type InstanceResult, resultsOf } from './results/results-of.ts';
import { runHistory } from './results/run-history.ts';
import { isRunning, isSubmitted, outputsOf } from '../store/attempts.ts';
import { lastResult } from '../store/last-results.ts';
import { unnamedPlacements } from '../store/placements.ts';
import { eventsSince } from '../store/event-log.ts';
import type { Store } from '../store/database/open-store.ts';
import {
  eventsOf,
  findRun,
  lastOutcomes,
  lastRuns,
  lastReportedRun,
  lastTruncations,
  outcomeCounts,
  type RunRow,
} from '../store/runs.ts';
import { originOf } from '../cache/cache.ts';
import { verifyStore } from '../cache/verify.ts';

export async function status(
  opened: Opened,
  planned: Planned,
  selection: Selection,
  onRemoteWarning?: (warning: Diagnostic) => void,
): Promise<Result<Status, Problem>> {
  const lookup = await inspected(opened, planned, selection, onRemoteWarning);
  if (!lookup.ok) return lookup;
  const { plan } = planned;
  const last = lastOutcomes(opened.store, plan.pipeline);
  return {
    ok: true,
    value: {
      pipeline: plan.pipeline,
      instances: lookup.value.inspections.map((inspection) => {
        const {
          instance: { id, frozen },
          because,
          displaced,
          dropped,
          adopted,
          madeOn,
          unchecked,
          after,
          fault,
        } = inspection;
        const state = stateOf(opened, planned, inspection, last.get(id)?.kind);
        return {
          instance: id,
          state,
          because: reasonsIn(state, because),
          displaced,
          ...(dropped.length > 0 ? { dropped } : {}),
          adopted,
          ...(frozen === undefined ? {} : { frozen: true as const }),
          ...(madeOn === undefined ? {} : { madeOn }),
          unchecked,
          after,
          fault,
          at: lastResult(opened.store, plan.pipeline, id)?.at,
        };
      }),
      awaited: lookup.value.awaited,
      unnamed: await unnamed(opened),
    },
  };
}

/**
 * Files of instances that no pipeline file names; unknown if one of them cannot be read. Files that were
 * deleted by hand are not listed.
 */
async function unnamed(opened: Opened): Promise<Status['unnamed']> {
  const named = await namedInstances(opened);
  const placements = named === undefined ? [] : unnamedPlacements(opened.store, named);
  return placements
    .filter(({ path }) => existsSync(join(opened.place.root, path)))
    .map(({ instance, path }) => ({ instance, path }));
}

export async function verify(opened: Opened): Promise<Verification> {
  return verifyStore(opened.workspace, opened.store, await namedInstances(opened));
}

/**
 * What the pipeline files of the project name, as "pipeline instance"; undefined with a file that cannot be
 * read.
 */
async function namedInstances({ store, place }: Opened): Promise<ReadonlySet<string> | undefined> {
  const plans = await plansOnDisk(place, [], store);
  if (!plans.ok) return undefined;
  return new Set(
    plans.value.flatMap(({ plan }) =>
      [...plan.instances.map(({ id }) => id), ...awaitedResults(store, plan, new Set())].map(
        (id) => `${plan.pipeline} ${id}`,
      ),
    ),
  );
}

export async function explain(
  opened: Opened,
  planned: Planned,
  instance: string,
): Promise<Result<Explanation, Problem>> {
  const alone = await inspectedOnly(opened, planned, instance);
  if (!alone.ok) return alone;
  const { session, inspection } = alone.value;
  return { ok: true, value: await explanationOf(opened, planned, session, inspection) };
}

/** Of all instances that a selection names. */
export async function explanations(
  opened: Opened,
  planned: Planned,
  selection: Selection,
): Promise<Result<readonly Explanation[], Problem>> {
  const found = await inspected(opened, planned, selection);
  if (!found.ok) return found;
  const { session, inspections } = found.value;
  const explained = inspections.map((inspection) => explanationOf(opened, planned, session, inspection));
  return { ok: true, value: await Promise.all(explained) };
}

async function explanationOf(
  opened: Opened,
  planned: Planned,
  session: Session,
  inspection: Inspection,
): Promise<Explanation> {
  const {
    key,
    because,
    after,
    manifest,
    displaced,
    dropped,
    adopted,
    madeOn,
    ignored,
    fault,
    instance: { id, frozen },
  } = inspection;
  const last = lastOutcomes(opened.store, planned.plan.pipeline).get(id);
  const state = stateOf(opened, planned, inspection, last?.kind);
  const failure = state === 'failed' && last !== undefined ? failureIn(opened, last.run, id) : undefined;
  return {
    instance: id,
    state,
    key,
    because: reasonsIn(state, because),
    displaced,
    ...(dropped.length > 0 ? { dropped } : {}),
    adopted,
    ...(frozen === undefined ? {} : { frozen: true as const }),
    ...(madeOn === undefined ? {} : { madeOn }),
    ...(frozen === undefined || key === undefined
      ? {}
      : { sinceResult: await sinceLastResult(session, inspection.instance) }),
    after,
    failure,
    fault,
    ignored,
    origin: key === undefined || state !== 'up-to-date' ? undefined : await originOf(opened, key),
    manifest,
  };
}

function failureIn({ store }: Opened, run: string, instance: InstanceId): Failure | undefined {
  const failed = eventsOf(store, run, instance).flatMap((event) =>
    event.kind === 'finished' && event.outcome.kind === 'failed' ? [event.outcome.failure] : [],
  );
  return failed.at(-1);
}

/** An attempt that is on has not ended: it was not interrupted. */
const reasonsIn = (state: InstanceStatus['state'], because: readonly Reason[]): readonly Reason[] =>
  state === 'running' || state === 'submitted'
    ? because.filter(({ kind }) => kind !== 'interrupted-before')
    : because;

/**
 * The states of the instances that a selection names, each with its dependencies, and of the instances that
 * lists will give it. `onRemoteWarning`: the shared cache is queried, too, and its errors are reported there.
 */
export async function inspected(
  opened: Opened,
  planned: Planned,
  selection: Selection,
  onRemoteWarning?: (warning: Diagnostic) => void,
): Promise<Result<InspectedSelection, Problem>> {
  const selected = selectToRun(planned, selection);
  if (!selected.ok) return selected;
  const { chosen, listed, unmatched } = selected.value;
  const producers = new Set(listed.flatMap(({ after }) => after));
  const toInspect = instancesWithNeeds(planned.plan, [
    ...chosen,
    ...planned.plan.instances.filter(({ id }) => producers.has(id)),
  ]);
  // Commands that only read work without the raw data.
  const local = await sessionFor(opened, planned, chosen, toInspect, true);
  if (!local.ok) return local;
  const session = onRemoteWarning === undefined ? local : await withSharedCache(opened, planned, local.value);
  if (!session.ok) return session;
  if (onRemoteWarning !== undefined) session.value.source?.onWarning?.(onRemoteWarning);
  const inspections = await inspect(session.value, toInspect);
  opened.stats.flush();
  const byId = new Map(inspections.map((inspection) => [inspection.instance.id, inspection]));
  const stale = staleLists(planned.plan, (id) => byId.get(id)?.outs);
  const awaited = awaitedInstances(listed, stale);
  if (unmatched.length > 0 && awaited.length === 0) return invalid(unmatched, planned.sources);
  const ids = new Set(chosen.map(({ id }) => id));
  return {
    ok: true,
    value: {
      session: session.value,
      inspections: inspections.filter(({ instance }) => ids.has(instance.id)),
      awaited,
    },
  };
}

export interface InspectedSelection {
  readonly session: Session;
  readonly inspections: readonly Inspection[];
  readonly awaited: readonly AwaitedInstances[];
}

/** The one instance that a name selects; for several, an error that lists them. */
async function inspectedOnly(
  opened: Opened,
  planned: Planned,
  instance: string,
): Promise<Result<{ readonly session: Session; readonly inspection: Inspection }, Problem>> {
  const found = await inspected(opened, planned, { patterns: [instance], mode: 'only' });
  if (!found.ok) return found;
  const [inspection, ...more] = found.value.inspections;
  const [open] = found.value.awaited;
  if (inspection === undefined && open !== undefined) return invalid([unknownList(open)], planned.sources);
  if (inspection !== undefined && more.length === 0)
    return { ok: true, value: { session: found.value.session, inspection } };
  const instances = found.value.inspections.map((one) => one.instance);
  return invalid([oneInstance(instance, instances)], planned.sources);
}

function stateOf(
  { store, executors }: Opened,
  { plan }: Planned,
  { instance, state }: Inspection,
  last: string | undefined,
): InstanceStatus['state'] {
  if (state === 'up-to-date' || state === 'restorable') return state;
  if (isRunning(store, plan.pipeline, instance.id) && lastRuns(store, 1).some(isOn)) return 'running';
  if (isSubmitted(store, plan.pipeline, instance.id, executors.local.name)) return 'submitted';
  if (last === 'failed' || last === 'interrupted') return last;
  return state === 'waiting' ? 'waiting' : 'out-of-date';
}

/** Whether a run that has not ended is still on, or was killed. */
const isOn = ({ finishedAt, pid, pidStarted }: RunRow): boolean =>
  finishedAt === undefined && isSameProcess({ pid, started: pidStarted });

export function graph(planned: Planned, selection: Selection): Result<Graph, Problem> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const { plan } = planned;
  const ids = new Set(selected.value.chosen.map(({ id }) => id));
  const stages = new Set(selected.value.chosen.map(({ stage }) => stage));
  return {
    ok: true,
    value: {
      pipeline: plan.pipeline,
      instances: selected.value.chosen.map(({ id, stage, description, frozen }) => ({
        instance: id,
        stage,
        description,
        ...(frozen === undefined ? {} : { frozen: true as const }),
      })),
      edges: selected.value.chosen.flatMap(({ id }) =>
        (plan.needs.get(id) ?? []).filter((need) => ids.has(need)).map((from) => ({ from, to: id })),
      ),
      awaited: awaitedInstances(selected.value.listed, new Set()),
      leftOut: (plan.leftOut ?? [])
        .filter(({ stage }) => selection.patterns.length === 0 || stages.has(stage))
        .map(({ id, stage, condition }) => ({ instance: id, stage, condition })),
    },
  };
}

export function log(
  { store }: Opened,
  planned: Planned,
  instance: string,
  run: string | undefined,
): Result<InstanceLog | undefined, Problem> {
  const selected = selectFrom(planned, { patterns: [instance], mode: 'only' });
  if (!selected.ok) return selected;
  const [first, ...more] = selected.value.chosen;
  if (first === undefined || more.length > 0)
    return invalid([oneInstance(instance, selected.value.chosen)], planned.sources);
  const { pipeline } = planned.plan;
  const shownRun = run ?? lastReportedRun(store, pipeline, first.id);
  const events = shownRun === undefined ? [] : eventsOf(store, shownRun, first.id);
  if (shownRun === undefined || events.length === 0) return { ok: true, value: undefined };
  return {
    ok: true,
    value: {
      run: shownRun,
      instance: first.id,
      events,
      files: outputsOf(store, pipeline, first.id, shownRun),
    },
  };
}

export const history = ({ store }: Opened, limit: number, before?: string): readonly RunRecord[] =>
  lastRuns(store, limit, before).map((row) => recordOf(store, row));

function recordOf(store: Store, row: RunRow): RunRecord {
  const { run, pipeline, file, startedAt, finishedAt, exitCode, startedFrom } = row;
  const counts = outcomeCounts(store, run);
  return { run, pipeline, file, startedAt, finishedAt, exitCode, state: runState(row), counts, startedFrom };
}

function runState(row: RunRow): RunState {
  if (row.exitCode === undefined) return isOn(row) ? 'running' : 'killed';
  if (row.exitCode === 0) return 'done';
  return row.exitCode >= 130 ? 'interrupted' : 'failed';
}

/** How many inputs the instances truncated to a token limit, as last reported. */
export const truncations = ({ store }: Opened, { plan }: Planned): readonly Truncation[] =>
  lastTruncations(store, plan.pipeline);

/** A run, from its events; undefined if there is no such run. */
export async function wholeRun(
  opened: Opened,
  run: string,
  planned: Planned | undefined,
): Promise<RunHistory | undefined> {
  const row = findRun(opened.store, run);
  if (row === undefined) return undefined;
  const events = eventsSince(opened.store, run, 0).map(({ event }) => event);
  return runHistory(opened, recordOf(opened.store, row), events, planned?.plan);
}

/** The stored events of a run; undefined if there is no such run. */
export const runEvents = (
  { store }: Opened,
  run: string,
  sequence: number,
): readonly NumberedEvent[] | undefined =>
  findRun(store, run) === undefined ? undefined : eventsSince(store, run, sequence);

export async function metrics(
  opened: Opened,
  planned: Planned,
  selection: Selection,
  warn: (warning: Diagnostic) => void,
): Promise<Result<readonly InstanceMetrics[], Problem>> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const { best, instances } = planned.plan;
  const chosen = new Set(selected.value.chosen);
  const stages = new Set([...chosen].map(({ stage }) => stage));
  // Which one is the best does not depend on which ones are shown.
  const isRanked = ({ stage }: Instance): boolean => stage === best?.stage && stages.has(stage);
  const found = await resultsOfChosen(
    opened,
    planned,
    instances.filter((one) => chosen.has(one) || isRanked(one)),
  );
  if (!found.ok) return found;
  const named = await namedMetrics(
    opened.place.root,
    found.value.map(({ instance: { stage, outs }, files }) => ({ stage, outs, files })),
  );
  const measured = found.value.map(({ instance, state, adopted, params }, index): Measured => ({
    metrics: {
      instance: instance.id,
      state,
      adopted,
      axes: state === 'up-to-date' ? instance.axes : {},
      labels: instance.labels,
      params,
      ...measuredBy(named[index]),
    },
    named: named[index]?.named ?? [],
  }));
  if (best !== undefined && lacksMetric(measured, best)) warn(missingMetric(best));
  const ids = new Set([...chosen].map(({ id }) => id));
  const rows = best === undefined ? measured.map(({ metrics: row }) => row) : markBest(measured, best);
  return {
    ok: true,
    value: rows.filter(
      ({ instance, values, faults }) =>
        ids.has(instance) && (Object.keys(values).length > 0 || faults.length > 0),
    ),
  };
}

/** The metrics of a run; undefined: there is no such run. */
export async function metricsOfRun(
  opened: Opened,
  planned: Planned,
  run: string,
  selection: Selection,
  warn: (warning: Diagnostic) => void,
): Promise<Result<readonly InstanceMetrics[] | undefined, Problem>> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  const record = await wholeRun(opened, run, planned);
  if (record === undefined) return { ok: true, value: undefined };
  const chosen = new Set(selected.value.chosen);
  const all = await foundInRun(opened, planned.plan, record.instances);
  const found = all.filter(({ instance }) => chosen.has(instance));
  for (const { instance, files } of found)
    if (hasMetricsOut(instance) && Object.keys(files).length === 0) warn(evictedResult(instance));
  const named = await namedMetrics(
    opened.place.root,
    found.map(({ instance: { stage, outs }, files }) => ({ stage, outs, files })),
  );
  const rows = found.map(({ instance, params }, index): InstanceMetrics => ({
    instance: instance.id,
    state: 'up-to-date',
    adopted: false,
    axes: {},
    labels: instance.labels,
    params,
    ...measuredBy(named[index]),
  }));
  return { ok: true, value: rows.filter(({ values }) => Object.keys(values).length > 0) };
}

const measuredBy = (
  named: NamedMetrics | undefined,
): Pick<InstanceMetrics, 'values' | 'intervals' | 'ranges' | 'rows' | 'faults'> => ({
  values: named?.values ?? {},
  intervals: named?.intervals ?? {},
  ranges: named?.ranges ?? [],
  rows: named?.rows ?? {},
  faults: named?.faults ?? [],
});

const hasMetricsOut = ({ outs }: Instance): boolean =>
  Object.values(outs).some(({ kind }) => kind === 'metrics');

const evictedResult = ({ id, at }: Instance): Diagnostic => ({
  severity: 'warning',
  code: 'result-not-cached',
  message: `the result that ${id} had is no longer in the cache, so it is left out`,
  at,
});

const missingMetric = ({ stage, out, metric, at }: PlannedBest): Diagnostic => ({
  severity: 'warning',
  code: 'best-without-metric',
  message:
    `no result of ${stage} has a number ${JSON.stringify(metric)} ` +
    `in its out ${out}, so none is marked as the best`,
  at,
});

/** Where the files of results are that instances have. */
export async function results(
  opened: Opened,
  planned: Planned,
  selection: Selection,
): Promise<Result<readonly ResultFiles[], Problem>> {
  const found = await selectedResults(opened, planned, selection);
  return found.ok
    ? {
        ok: true,
        value: found.value.map(({ instance, state, files }) => ({ instance: instance.id, state, files })),
      }
    : found;
}

/** Where runs are shown while they run. */
export async function tracking(
  { place, host }: Opened,
  { plan }: Planned,
): Promise<Result<Tracking, Problem>> {
  const machine = await machineFiles(machineTexts(place.root, host.environment));
  if (!machine.ok) return machine;
  return {
    ok: true,
    value: {
      pipeline: plan.pipeline,
      models: plan.instances.filter(isModel).map(({ id }) => id),
      trackers: [...(plan.tracking ?? []), ...machine.value.flatMap((file) => file.tracking)],
    },
  };
}

/** Where the model of one instance is. `asWritten`: the instances with their models of the hub by name. */
export async function modelPlaceOf(
  opened: Opened,
  planned: Planned,
  asWritten: readonly Instance[],
  instance: string,
): Promise<Result<ModelPlace, Problem>> {
  const alone = await inspectedOnly(opened, planned, instance);
  if (!alone.ok) return alone;
  const { inspection } = alone.value;
  const last = lastOutcomes(opened.store, planned.plan.pipeline).get(inspection.instance.id);
  const state = stateOf(opened, planned, inspection, last?.kind);
  const written = asWritten.find(({ id }) => id === inspection.instance.id)?.deps['base'];
  const place = modelPlace(planned.plan, inspection.instance, state, written);
  return place.ok ? place : invalid([place.error], planned.sources);
}

/**
 * The models of the current pipeline file, or of a run; undefined: there is no such run. Instances that the
 * file no longer names are left out.
 */
export async function models(
  opened: Opened,
  planned: Planned,
  run: string | undefined,
): Promise<Result<readonly ModelResults[] | undefined, Problem>> {
  if (run === undefined) {
    const found = await selectedResults(opened, planned, { patterns: [], mode: 'needs' });
    return found.ok
      ? { ok: true, value: await modelResults(opened, planned.plan, foundNow(found.value)) }
      : found;
  }
  const record = await wholeRun(opened, run, planned);
  if (record === undefined) return { ok: true, value: undefined };
  const found = await foundInRun(opened, planned.plan, record.instances);
  return { ok: true, value: await modelResults(opened, planned.plan, found) };
}

/** A missing program or file only makes a result out of date. */
async function selectedResults(
  opened: Opened,
  planned: Planned,
  selection: Selection,
): Promise<Result<readonly InstanceResult[], Problem>> {
  const selected = selectFrom(planned, selection);
  return selected.ok ? resultsOfChosen(opened, planned, selected.value.chosen) : selected;
}

async function resultsOfChosen(
  opened: Opened,
  planned: Planned,
  chosen: readonly Instance[],
): Promise<Result<readonly InstanceResult[], Problem>> {
  const needed = instancesWithNeeds(planned.plan, chosen);
  const session = await sessionFor(opened, planned, [], needed);
  if (!session.ok) return session;
  const found = await resultsOf(session.value, needed);
  opened.stats.flush();
  const ids = new Set(chosen.map(({ id }) => id));
  return { ok: true, value: found.filter(({ instance }) => ids.has(instance.id)) };
}

export function artifacts(
  root: string,
  planned: Planned,
  selection: Selection,
): Result<readonly Artifact[], Problem> {
  const selected = selectFrom(planned, selection);
  if (!selected.ok) return selected;
  return {
    ok: true,
    value: selected.value.chosen.flatMap((instance: Instance) =>
      Object.entries(instance.outs).map(([out, { path, kind }]) => ({
        instance: instance.id,
        out,
        path,
        kind,
        there: existsSync(join(root, path)),
      })),
    ),
  };
}
