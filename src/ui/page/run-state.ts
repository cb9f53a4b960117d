import type { LiveEvent, RunAnswer, RunInstance } from '../api.ts';

/** A run after an event of it; events that it already holds are passed over. */
export function afterEvent(run: RunAnswer, { run: id, sequence, event, text }: LiveEvent): RunAnswer {
  if (id !== run.run || sequence < run.next) return run;
  const next = { ...run, next: sequence + 1 };
  switch (event.kind) {
    case 'run-started':
      return { ...next, instances: withWaiting(run.instances, event.instances) };
    case 'planned-again': {
      const removed = new Set<string>(event.removed);
      const left = run.instances.filter(({ instance }) => !removed.has(instance));
      return { ...next, instances: withWaiting(left, event.added) };
    }
    case 'found-in-place': {
      const found = new Set<string>(event.instances);
      return changed(next, ({ instance }) =>
        found.has(instance)
          ? { state: 'up-to-date', outcome: 'up to date', finishedAt: event.at }
          : undefined,
      );
    }
    case 'started':
      return changed(
        next,
        only(event.instance, (shown) => ({
          state: 'running',
          startedAt: shown.startedAt ?? event.at,
          attempts: shown.attempts + 1,
          because: text ?? [],
          progress: undefined,
        })),
      );
    case 'message': {
      const { message } = event;
      if (message.kind === 'progress') {
        const { done, total, unit } = message;
        return changed(
          next,
          only(event.instance, () => ({ progress: { done, total, unit } })),
        );
      }
      return message.kind === 'device'
        ? changed(
            next,
            only(event.instance, () => ({ device: `${message.runtime} on ${message.device}` })),
          )
        : next;
    }
    case 'finished':
      return changed(
        next,
        only(event.instance, () => ({
          state: event.outcome.kind,
          outcome: text?.[0],
          finishedAt: event.at,
        })),
      );
    case 'verified':
      return changed(
        next,
        only(event.instance, () => ({ state: 'verified', outcome: text?.[0], finishedAt: event.at })),
      );
    case 'run-finished':
      return {
        ...next,
        finishedAt: event.at,
        exitCode: event.exitCode,
        state: event.exitCode === 0 ? 'done' : event.exitCode >= 130 ? 'interrupted' : 'failed',
      };
    case 'gpu-usage':
      return changed(
        next,
        only(event.instance, () => ({ gpu: event.usage })),
      );
    case 'waiting-for-gpu':
    case 'fetching':
    case 'fetch-delayed':
    case 'fetched':
    case 'output':
    case 'warned':
    case 'retrying':
    case 'cancelled':
    case 'interrupting':
      return next;
  }
}

function withWaiting(instances: readonly RunInstance[], more: readonly string[]): readonly RunInstance[] {
  const known = new Set(instances.map(({ instance }) => instance));
  const added = more
    .filter((instance) => !known.has(instance))
    .map((instance): RunInstance => ({ instance, state: 'waiting', attempts: 0, because: [] }));
  return [...instances, ...added];
}

type Change = (shown: RunInstance) => Partial<RunInstance> | undefined;

const only =
  (instance: string, change: (shown: RunInstance) => Partial<RunInstance>): Change =>
  (shown) =>
    shown.instance === instance ? change(shown) : undefined;

function changed(run: RunAnswer, change: Change): RunAnswer {
  return {
    ...run,
    instances: run.instances.map((shown) => {
      const by = change(shown);
      return by === undefined ? shown : { ...shown, ...by };
    }),
  };
}

/** How many instances of a run are in which state, in the order of their first appearance. */
export function countsByState(
  instances: readonly { readonly state: string }[],
): readonly (readonly [state: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts];
}
