import type { StageMessage } from '../../../stage/message.ts';
import type {
  AttemptHistory,
  InstanceHistory,
  InstanceUsage,
  RunHistory,
  RunRecord,
  SeriesPoint,
} from '../../answers/runs.ts';
import { cachedFiles } from '../../cache/cached-files.ts';
import type { Outcome, RecordedEvent } from '../../event.ts';
import { type InstanceId, stageOf } from '../../identity.ts';
import type { Out, Plan } from '../../plan/instance.ts';
import { type AttemptUsage, usageOfRun } from '../../store/attempts.ts';
import { keyAtRun, paramsUnder } from '../../store/past-results.ts';
import type { Opened } from '../open-rows.ts';
import { namedMetrics } from './named-metrics.ts';

/**
 * A whole run, from its events, in order. `plan`: the current pipeline file, which defines the outs that are
 * metrics; undefined if the file has faults.
 */
export async function runHistory(
  opened: Opened,
  record: RunRecord,
  events: readonly RecordedEvent[],
  plan: Plan | undefined,
): Promise<RunHistory> {
  const { instances, warnings } = historyOf(events, record.finishedAt !== undefined);
  const outsOf = metricsOutsOf(plan?.pipeline === record.pipeline ? plan : undefined);
  const results = instances.map((history) => withKey(opened, record, history));
  const metrics = await namedMetrics(
    opened.place.root,
    await Promise.all(
      results.map(async (history) => ({
        stage: stageOf(history.instance),
        outs: outsOf(history.instance),
        files: await filesOf(opened, history),
      })),
    ),
  );
  const usage = usageOfRun(opened.store, record.run);
  const whole = results.map((history, index) => ({
    ...history,
    metrics: metrics[index]?.values ?? {},
    usage: together(usage.get(history.instance) ?? []),
  }));
  return { ...record, instances: whole, warnings };
}

function together(attempts: readonly AttemptUsage[]): InstanceUsage | undefined {
  const peaks = attempts.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
  return attempts.length === 0
    ? undefined
    : {
        cpuSeconds: attempts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
        peakMemoryBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
      };
}

/** The part of an instance's history that the events give. */
type StoredInstance = Omit<InstanceHistory, 'metrics' | 'usage'>;

/**
 * Folds the events of a run. `isOver`: an instance that nothing was stored of was up to date (runs of version
 * 0.1.0).
 */
export function historyOf(
  events: readonly RecordedEvent[],
  isOver: boolean,
): { readonly instances: readonly StoredInstance[]; readonly warnings: RunHistory['warnings'] } {
  const instances = new Map<InstanceId, StoredInstance>();
  const warnings: RunHistory['warnings'][number][] = [];
  const change = (id: InstanceId, by: (history: StoredInstance) => Partial<StoredInstance>): void => {
    const history = instances.get(id) ?? emptyHistoryOf(id);
    instances.set(id, { ...history, ...by(history) });
  };
  const end = (id: InstanceId, outcome: Outcome, finishedAt: number): void =>
    change(id, ({ attempts }) => ({ outcome, finishedAt, attempts: ended(attempts, finishedAt) }));
  for (const event of events) {
    switch (event.kind) {
      case 'run-started':
        for (const id of event.instances) instances.set(id, emptyHistoryOf(id));
        break;
      case 'planned-again':
        for (const id of event.added) instances.set(id, instances.get(id) ?? emptyHistoryOf(id));
        for (const id of event.removed) instances.delete(id);
        break;
      case 'found-in-place':
        for (const id of event.instances) end(id, { kind: 'up-to-date' }, event.at);
        break;
      case 'started': {
        const { at: startedAt, attempt, because, resumed, key, params } = event;
        change(event.instance, (history) => ({
          key,
          params: params ?? history.params,
          startedAt: history.startedAt ?? startedAt,
          attempts: [
            ...history.attempts,
            { attempt, startedAt, because, resumed, finishedAt: undefined, failure: undefined },
          ],
        }));
        break;
      }
      case 'message':
        change(event.instance, (history) => changeByMessage(history, event.message, event.at));
        break;
      case 'output':
        change(event.instance, ({ logs }) => ({
          logs: logs.includes(event.file) ? logs : [...logs, event.file],
        }));
        break;
      case 'gpu-usage': {
        const { usage } = event;
        change(event.instance, ({ gpu }) => ({
          gpu: { ...usage, peakBytes: Math.max(gpu?.peakBytes ?? 0, usage.usedBytes) },
        }));
        break;
      }
      case 'retrying':
        change(event.instance, ({ attempts }) => ({
          attempts: ended(attempts, event.at, event.failure),
        }));
        break;
      case 'finished':
        end(event.instance, event.outcome, event.at);
        change(event.instance, ({ key }) => ({ key: event.key ?? key }));
        break;
      case 'verified':
        change(event.instance, ({ attempts }) => ({
          finishedAt: event.at,
          attempts: ended(attempts, event.at),
        }));
        break;
      case 'warned':
        warnings.push({ instance: event.instance, diagnostic: event.diagnostic });
        break;
      case 'waiting-for-gpu':
      case 'fetching':
      case 'fetch-delayed':
      case 'fetched':
      case 'cancelled':
      case 'interrupting':
      case 'run-finished':
        break;
    }
  }
  const history = [...instances.values()];
  return { warnings, instances: isOver ? history.map(withOutcome) : history };
}

const withOutcome = (history: StoredInstance): StoredInstance =>
  history.outcome === undefined && history.attempts.length === 0
    ? { ...history, outcome: { kind: 'up-to-date' } }
    : history;

const emptyHistoryOf = (instance: InstanceId): StoredInstance => ({
  instance,
  key: undefined,
  outcome: undefined,
  startedAt: undefined,
  finishedAt: undefined,
  params: undefined,
  progress: undefined,
  device: undefined,
  gpu: undefined,
  series: {},
  attempts: [],
  logs: [],
});

/** The last attempt with its end, unless it has one. */
function ended(
  attempts: readonly AttemptHistory[],
  finishedAt: number,
  failure?: AttemptHistory['failure'],
): readonly AttemptHistory[] {
  const last = attempts.at(-1);
  return last === undefined || last.finishedAt !== undefined
    ? attempts
    : [...attempts.slice(0, -1), { ...last, finishedAt, failure }];
}

function changeByMessage(
  history: StoredInstance,
  message: StageMessage,
  at: number,
): Partial<StoredInstance> {
  switch (message.kind) {
    case 'progress':
      return { progress: { done: message.done, total: message.total, unit: message.unit } };
    case 'metric': {
      const series: Record<string, readonly SeriesPoint[]> = { ...history.series };
      for (const [name, value] of Object.entries(message.values))
        series[name] = withPoint(series[name] ?? [], { step: message.step, at, value });
      return { series };
    }
    case 'device':
      return { device: { runtime: message.runtime, device: message.device } };
    case 'log':
    case 'warning':
    case 'truncated':
    case 'checkpoint':
    case 'failure':
      return {};
  }
}

/** A step that is made again, after a failure or from a checkpoint, takes the place of all from it on. */
function withPoint(points: readonly SeriesPoint[], point: SeriesPoint): readonly SeriesPoint[] {
  const kept = points.findLastIndex(({ step }) => step < point.step) + 1;
  return [...points.slice(0, kept), point];
}

type Outs = Readonly<Record<string, Pick<Out, 'kind' | 'path'>>>;

/** The outs of an instance; for one that is no longer in the plan, those of another instance of its stage. */
function metricsOutsOf(plan: Plan | undefined): (id: InstanceId) => Outs {
  const byStage = new Map((plan?.instances ?? []).map(({ stage, outs }) => [stage, outs]));
  return (id) => byStage.get(stageOf(id)) ?? {};
}

/** With the key of the result that was found in place, and the params where no event holds them. */
function withKey({ store }: Opened, { run, pipeline }: RunRecord, history: StoredInstance): StoredInstance {
  const wasInPlace = history.outcome?.kind === 'up-to-date';
  const key = history.key ?? (wasInPlace ? keyAtRun(store, pipeline, history.instance, run) : undefined);
  if (key === undefined) return history;
  return { ...history, key, params: history.params ?? paramsUnder(store, key) };
}

/** Where the outs of its result can be read. */
async function filesOf(
  { workspace, store }: Opened,
  { key, outcome }: StoredInstance,
): Promise<Readonly<Record<string, string>>> {
  const hasResult = outcome !== undefined && ['ran', 'restored', 'up-to-date'].includes(outcome.kind);
  const cached = key !== undefined && hasResult ? await cachedFiles({ workspace, store }, key) : undefined;
  return cached?.files ?? {};
}
