import type { AwaitedInstances, Event, GpuUsage, OutcomeCounts, RecordedEvent } from '../../event.ts';
import { type InstanceId, stageOf } from '../../identity.ts';

/** The state of a running instance. */
export interface Running {
  readonly startedAt: number;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /**
   * When the first piece of work was counted, and how much was done then: start-up and resumed work do not
   * count for the speed.
   */
  readonly countedFrom: { readonly at: number; readonly done: number } | undefined;
  readonly loss: number | undefined;
  readonly note: string | undefined;
  readonly gpu: GpuUsage | undefined;
}

/** Observed times of a stage, to estimate its remaining time. */
interface StageTimes {
  readonly left: number;
  readonly ran: number;
  readonly seconds: number;
  /** Of an instance in earlier runs. */
  readonly earlier: number | undefined;
}

/** A run up to some event: what a display shows of it, beside the clock. */
export interface LiveView {
  readonly startedAt: number;
  readonly total: number;
  readonly jobs: number;
  readonly counts: Omit<OutcomeCounts, 'adopted'>;
  readonly running: ReadonlyMap<InstanceId, Running>;
  readonly stages: Readonly<Record<string, StageTimes>>;
  /** What comes from lists that are not known yet. */
  readonly awaited: readonly AwaitedInstances[];
  /** The model that is on its way, before anything runs. */
  readonly fetching: Extract<Event, { kind: 'fetching' }> | undefined;
}

export const emptyView: LiveView = {
  startedAt: 0,
  total: 0,
  jobs: 1,
  counts: { ran: 0, 'up-to-date': 0, restored: 0, failed: 0, blocked: 0, skipped: 0, interrupted: 0 },
  running: new Map(),
  stages: {},
  awaited: [],
  fetching: undefined,
};

/** The view after an event. */
export function advance(view: LiveView, event: RecordedEvent): LiveView {
  switch (event.kind) {
    case 'run-started': {
      const stages: Record<string, StageTimes> = {};
      for (const instance of event.instances)
        stages[stageOf(instance)] = {
          left: (stages[stageOf(instance)]?.left ?? 0) + 1,
          ran: 0,
          seconds: 0,
          earlier: event.earlier?.[stageOf(instance)],
        };
      return {
        ...emptyView,
        startedAt: event.at,
        total: event.instances.length,
        jobs: event.jobs,
        stages,
        awaited: event.awaited ?? [],
      };
    }
    case 'planned-again': {
      const stages: Record<string, StageTimes> = { ...view.stages };
      const count = (instance: InstanceId, by: 1 | -1): void => {
        const times = stages[stageOf(instance)] ?? { left: 0, ran: 0, seconds: 0, earlier: undefined };
        stages[stageOf(instance)] = { ...times, left: times.left + by };
      };
      for (const instance of event.added) count(instance, 1);
      for (const instance of event.removed) count(instance, -1);
      const total = view.total + event.added.length - event.removed.length;
      return { ...view, total, stages, awaited: event.awaited };
    }
    case 'fetching':
      return { ...view, fetching: event };
    case 'fetch-delayed':
    case 'fetched':
      return { ...view, fetching: undefined };
    case 'started':
      return withRunning(isReopened(event) ? reopened(view, event.instance) : view, event.instance, {
        startedAt: event.at,
        done: 0,
        total: 0,
        unit: '',
        countedFrom: undefined,
        loss: undefined,
        note: undefined,
        gpu: undefined,
      });
    case 'message': {
      const row = view.running.get(event.instance);
      if (row === undefined) return view;
      const { message } = event;
      if (message.kind === 'progress') {
        const countedFrom = row.countedFrom ?? { at: event.at, done: message.done };
        return withRunning(view, event.instance, {
          ...row,
          done: message.done,
          total: message.total,
          unit: message.unit,
          countedFrom,
          note: message.note,
        });
      }
      return message.kind === 'metric'
        ? withRunning(view, event.instance, { ...row, loss: message.values['loss'] ?? row.loss })
        : view;
    }
    case 'verified': {
      const running = new Map(view.running);
      running.delete(event.instance);
      return { ...view, running };
    }
    case 'finished': {
      const running = new Map(view.running);
      running.delete(event.instance);
      const { outcome } = event;
      const stage = stageOf(event.instance);
      const times = view.stages[stage] ?? { left: 1, ran: 0, seconds: 0, earlier: undefined };
      const seen =
        outcome.kind === 'ran'
          ? { ran: times.ran + 1, seconds: times.seconds + outcome.seconds }
          : { ran: times.ran, seconds: times.seconds };
      return {
        ...view,
        running,
        counts: { ...view.counts, [outcome.kind]: (view.counts[outcome.kind] ?? 0) + 1 },
        stages: { ...view.stages, [stage]: { ...times, left: times.left - 1, ...seen } },
      };
    }
    case 'found-in-place': {
      const stages: Record<string, StageTimes> = { ...view.stages };
      for (const instance of event.instances) {
        const times = stages[stageOf(instance)];
        if (times !== undefined) stages[stageOf(instance)] = { ...times, left: times.left - 1 };
      }
      const upToDate = view.counts['up-to-date'] + event.instances.length;
      return { ...view, counts: { ...view.counts, 'up-to-date': upToDate }, stages };
    }
    case 'gpu-usage': {
      const row = view.running.get(event.instance);
      return row === undefined ? view : withRunning(view, event.instance, { ...row, gpu: event.usage });
    }
    case 'output':
    case 'waiting-for-gpu':
    case 'warned':
    case 'retrying':
    case 'cancelled':
    case 'interrupting':
    case 'run-finished':
      return view;
  }
}

/** An instance reported as up to date runs after all: a reader of its temp outs has to run. */
const isReopened = ({ because, attempt }: Extract<Event, { kind: 'started' }>): boolean =>
  attempt === 1 && because.some((reason) => reason.kind === 'dropped' && reason.for !== undefined);

/** An instance that was not selected (`--only`) counts from now on. */
function reopened(view: LiveView, instance: InstanceId): LiveView {
  const stage = stageOf(instance);
  const times = view.stages[stage];
  if (times === undefined) return { ...view, total: view.total + 1 };
  return {
    ...view,
    counts: { ...view.counts, 'up-to-date': Math.max(0, view.counts['up-to-date'] - 1) },
    stages: { ...view.stages, [stage]: { ...times, left: times.left + 1 } },
  };
}

const withRunning = (view: LiveView, id: InstanceId, row: Running): LiveView => ({
  ...view,
  running: new Map(view.running).set(id, row),
});
