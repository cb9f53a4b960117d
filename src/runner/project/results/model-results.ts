import type { ModelResults, TracedResult } from '../../answers/models.ts';
import type { InstanceHistory } from '../../answers/runs.ts';
import { cachedFiles } from '../../cache/cached-files.ts';
import type { RecordedEvent } from '../../event.ts';
import type { InstanceId, Key } from '../../identity.ts';
import { evaluatedModels, isModel } from '../../plan/evaluated-model.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import { producersOf } from '../../store/attempts.ts';
import { paramsUnder } from '../../store/past-results.ts';
import type { Store } from '../../store/database/open-store.ts';
import { eventsOf } from '../../store/runs.ts';
import type { Opened } from '../open-rows.ts';
import { namedMetrics } from './named-metrics.ts';
import type { InstanceResult } from './results-of.ts';
import { historyOf } from './run-history.ts';

/** A result of an instance of the plan, by key. */
type FoundResult = Pick<TracedResult, 'key' | 'params'> & {
  readonly instance: Instance;
  readonly files: Readonly<Record<string, string>>;
};

/** The models among results, in their order, each with the results that depend on it alone. */
export async function modelResults(
  { place, store }: Opened,
  plan: Plan,
  found: readonly FoundResult[],
): Promise<readonly ModelResults[]> {
  const modelOf = evaluatedModels(plan);
  const wanted = found.filter(({ instance }) => isModel(instance) || modelOf.has(instance.id));
  const metrics = await namedMetrics(
    place.root,
    wanted.map(({ instance: { stage, outs }, files }) => ({ stage, outs, files })),
  );
  const traced = wanted.map((result, index): TracedResult => ({
    ...traceOf(store, result),
    metrics: metrics[index]?.values ?? {},
    faults: metrics[index]?.faults ?? [],
  }));
  const byModel = new Map<InstanceId, TracedResult[]>();
  for (const result of traced) {
    const model = modelOf.get(result.instance);
    if (model !== undefined) byModel.set(model, [...(byModel.get(model) ?? []), result]);
  }
  return wanted.flatMap(({ instance }, index) => {
    const model = traced[index];
    if (model === undefined || !isModel(instance)) return [];
    return [{ model, evaluations: byModel.get(instance.id) ?? [] }];
  });
}

/** Results as the pipeline file is now; those of unknown keys are left out. */
export const foundNow = (results: readonly InstanceResult[]): readonly FoundResult[] =>
  results.flatMap(({ key, instance, params, files }) =>
    key === undefined ? [] : [{ key, instance, params, files }],
  );

/** The results that the instances of a run had when it ended. */
export async function foundInRun(
  { workspace, store }: Opened,
  { instances }: Plan,
  history: readonly Pick<InstanceHistory, 'instance' | 'key' | 'outcome' | 'params'>[],
): Promise<readonly FoundResult[]> {
  const byInstance = new Map(history.map((one) => [one.instance, one]));
  const found = await Promise.all(
    instances.map(async (instance) => {
      const { key, outcome, params } = byInstance.get(instance.id) ?? {};
      if (key === undefined || !outcomesWithResult.has(outcome?.kind ?? 'skipped')) return [];
      const cached = await cachedFiles({ workspace, store }, key);
      return [{ key, instance, params: params ?? paramsUnder(store, key) ?? {}, files: cached?.files ?? {} }];
    }),
  );
  return found.flat();
}

const outcomesWithResult: ReadonlySet<string> = new Set(['ran', 'restored', 'up-to-date']);

function traceOf(
  store: Store,
  { instance, key, params, files }: FoundResult,
): Omit<TracedResult, 'metrics' | 'faults'> {
  const made = madeUnder(store, instance, key);
  return {
    instance: instance.id,
    stage: instance.stage,
    labels: instance.labels,
    key,
    run: made?.run,
    startedAt: made?.startedAt,
    finishedAt: made?.finishedAt,
    device: made?.device,
    params,
    series: made?.series ?? {},
    files: Object.fromEntries(
      Object.entries(files).flatMap(([out, file]) => {
        const kind = instance.outs[out]?.kind;
        return kind === undefined ? [] : [[out, { kind, file }]];
      }),
    ),
  };
}

/**
 * The history of a result in the run that computed it, with the series of all runs that contributed: an
 * interrupted training continues with the steps after its checkpoint.
 */
function madeUnder(
  store: Store,
  { id }: Instance,
  key: Key,
):
  | (Pick<InstanceHistory, 'startedAt' | 'finishedAt' | 'device' | 'series'> & { readonly run: string })
  | undefined {
  const producers = producersOf(store, key).map(({ run, instance }) => ({
    run,
    events: eventsOf(store, run, instance).map((event): RecordedEvent =>
      'instance' in event && event.instance !== null ? { ...event, instance: id } : event,
    ),
  }));
  const last = producers.at(-1);
  if (last === undefined) return undefined;
  const [history] = historyOf(last.events, true).instances;
  const [whole] = historyOf(
    producers.flatMap(({ events }) => events),
    true,
  ).instances;
  return history && { ...history, series: whole?.series ?? history.series, run: last.run };
}
