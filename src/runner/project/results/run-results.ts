import type { ChangedParam, RunRecord, RunResults, RunScore } from '../../answers/runs.ts';
import { cachedFiles } from '../../cache/cached-files.ts';
import { type InstanceId, type Key, stageOf } from '../../identity.ts';
import type { PlannedBest } from '../../plan/best-of.ts';
import type { Plan } from '../../plan/instance.ts';
import { changedParams } from '../../report/metrics/changed-params.ts';
import { keyAtRun, keysMadeIn, paramsUnder } from '../../store/past-results.ts';
import { lastRuns } from '../../store/runs.ts';
import type { Opened } from '../open-rows.ts';
import { namedMetrics, type NamedMetrics } from './named-metrics.ts';

/** The results of a run. `plan`: of the current pipeline file, which defines the outs that are metrics. */
export async function runResults(
  opened: Opened,
  plan: Plan | undefined,
  record: RunRecord,
): Promise<RunResults> {
  const made = inPlanOrder(plan, keysMadeIn(opened.store, record.run));
  return {
    run: record.run,
    scores: plan?.pipeline === record.pipeline ? await scoresOf(opened, plan, made) : [],
    params: paramsSince(opened, record, made),
  };
}

/** Instances of a parallel run end in a different order each time. */
function inPlanOrder(
  plan: Plan | undefined,
  made: ReadonlyMap<InstanceId, Key>,
): ReadonlyMap<InstanceId, Key> {
  const places = new Map((plan?.instances ?? []).map(({ id }, place) => [id, place]));
  const placeOf = (id: InstanceId): number => places.get(id) ?? places.size;
  return new Map([...made].sort(([a], [b]) => placeOf(a) - placeOf(b)));
}

async function scoresOf(
  { workspace, store, place }: Opened,
  { best, instances }: Plan,
  made: ReadonlyMap<InstanceId, Key>,
): Promise<readonly RunScore[]> {
  const outsOf = new Map(instances.map(({ stage, outs }) => [stage, outs]));
  const measured = [...made].filter(([id]) => {
    const stage = stageOf(id);
    const outs = Object.values(outsOf.get(stage) ?? {});
    return outs.some(({ kind }) => kind === 'metrics') && (best === undefined || best.stage === stage);
  });
  const results = await Promise.all(
    measured.map(async ([id, key]) => ({
      stage: stageOf(id),
      outs: outsOf.get(stageOf(id)) ?? {},
      files: (await cachedFiles({ workspace, store }, key))?.files ?? {},
    })),
  );
  const named = await namedMetrics(place.root, results);
  return measured.flatMap(([instance], index) => scoreOf(instance, named[index], best));
}

function scoreOf(
  instance: InstanceId,
  metrics: NamedMetrics | undefined,
  best: PlannedBest | undefined,
): readonly RunScore[] {
  const found =
    best === undefined
      ? metrics?.named[0]
      : metrics?.named.find(({ out, path }) => out === best.out && path.join('.') === best.metric);
  return found === undefined
    ? []
    : [{ instance, metric: found.name, value: found.value, interval: found.interval }];
}

/** Of instances that had a result before, as far as its params are still known. */
function paramsSince(
  { store }: Opened,
  { run, pipeline }: RunRecord,
  made: ReadonlyMap<InstanceId, Key>,
): readonly ChangedParam[] {
  const [previous] = lastRuns(store, 1, run);
  if (previous === undefined) return [];
  return [...made].flatMap(([instance, key]) => {
    const before = keyAtRun(store, pipeline, instance, previous.run);
    if (before === undefined || before === key) return [];
    return changedParams(instance, paramsUnder(store, before) ?? {}, paramsUnder(store, key) ?? {});
  });
}
