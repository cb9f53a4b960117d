import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '../../../result.ts';
import type { Artifact } from '../../answers/instances.ts';
import type { ModelPlace, ModelResults, Tracking } from '../../answers/models.ts';
import type { Problem } from '../../answers/problem.ts';
import type { InstanceMetrics, ResultFiles } from '../../answers/results.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { machineFiles } from '../machine/machine-files.ts';
import { machineTexts } from '../machine/machine-texts.ts';
import { invalid } from '../planning/invalid.ts';
import { selectFrom } from '../planning/select-from.ts';
import type { Opened } from '../open-rows.ts';
import type { Planned } from '../planning/plan-here.ts';
import { sessionFor } from '../session-for.ts';
import { instancesWithNeeds } from '../../plan/with-needs.ts';
import type { PlannedBest } from '../../plan/best-of.ts';
import { isModel } from '../../plan/evaluated-model.ts';
import type { Instance } from '../../plan/instance.ts';
import type { Selection } from '../../plan/select.ts';
import { lacksMetric, markBest, type Measured } from '../results/mark-best.ts';
import { modelPlace } from '../results/model-place.ts';
import { foundInRun, foundNow, modelResults } from '../results/model-results.ts';
import { namedMetrics, type NamedMetrics } from '../results/named-metrics.ts';
import { type InstanceResult, resultsOf } from '../results/results-of.ts';
import { lastOutcomes } from '../../store/runs.ts';
import { stateOf, inspectedOnly } from './inspected.ts';
import { wholeRun } from './runs.ts';

/** The metrics of the current results, and of the last ones where instances are out of date. */
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

/** The outs that instances declare, and which of them exist. */
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
