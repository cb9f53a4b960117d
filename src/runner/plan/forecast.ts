import type { AwaitedInstances, DisplacedOut } from '../event.ts';
import type { InstanceId } from '../identity.ts';
import type { Decision } from '../manifest/decide.ts';
import type { Reason } from '../manifest/reason.ts';
import type { Instance, Plan } from './instance.ts';
import { needsToRun } from './with-needs.ts';

/** What a run would do, without doing it. */
export interface Forecast {
  readonly willRun: readonly { readonly instance: InstanceId; readonly because: readonly Reason[] }[];
  /**
   * Readers of instances that run: whether the bytes of their deps change is known only afterwards. `after`:
   * the instances to wait for.
   */
  readonly mayRun: readonly { readonly instance: InstanceId; readonly after: readonly InstanceId[] }[];
  readonly upToDate: readonly InstanceId[];
  /** Instances whose outs will be written back from the cache, and which outs. */
  readonly willRestore: readonly {
    readonly instance: InstanceId;
    readonly displaced: readonly DisplacedOut[];
  }[];
  /** Those of them whose last result is used, even if inputs changed; absent: none. */
  readonly frozen?: readonly InstanceId[];
  /** What comes from lists that are made again first. */
  readonly awaited: readonly AwaitedInstances[];
}

export interface ForecastFacts {
  readonly decideNow: (instance: Instance) => Decision;
  readonly displaced: (instance: Instance) => readonly DisplacedOut[];
  readonly neverFinished: (instance: Instance) => boolean;
  /** The dropped temp outs that it reads and that only a run brings back, by instance. */
  readonly droppedNeeds: (instance: Instance) => ReadonlyMap<InstanceId, readonly string[]>;
}

/**
 * Sorts the chosen instances by what is known before anything runs. `decideNow` is called only for those
 * whose deps are all known; `displaced` only for those that have a result. `neverFinished`: whether a waiting
 * instance has no result of any kind that could still be valid, so that it certainly runs. Instances that
 * lists may still give are not included.
 */
export function forecast(
  plan: Plan,
  chosen: readonly Instance[],
  { decideNow, displaced, neverFinished, droppedNeeds }: ForecastFacts,
): Omit<Forecast, 'awaited'> {
  const willRun: { instance: InstanceId; because: readonly Reason[] }[] = [];
  const mayRun: { instance: InstanceId; after: readonly InstanceId[] }[] = [];
  const upToDate: InstanceId[] = [];
  const willRestore: { instance: InstanceId; displaced: readonly DisplacedOut[] }[] = [];
  const unsettled = new Set<InstanceId>();
  for (const instance of chosen) {
    const after = needsToRun(plan, instance).filter((need) => unsettled.has(need));
    const decision = after.length === 0 ? decideNow(instance) : undefined;
    if (decision?.kind === 'restore') {
      const outs = displaced(instance);
      if (outs.length === 0) upToDate.push(instance.id);
      else willRestore.push({ instance: instance.id, displaced: outs });
      continue;
    }
    unsettled.add(instance.id);
    if (decision !== undefined) willRun.push({ instance: instance.id, because: decision.because });
    else if (!instance.cache) willRun.push({ instance: instance.id, because: [{ kind: 'not-cached' }] });
    else if (neverFinished(instance))
      willRun.push({ instance: instance.id, because: [{ kind: 'no-result' }] });
    else mayRun.push({ instance: instance.id, after });
  }
  const forUsers = broughtBack(plan, { willRun, mayRun }, droppedNeeds);
  return {
    willRun: [...forUsers.willRun, ...willRun],
    mayRun: [...forUsers.mayRun, ...mayRun],
    upToDate: upToDate.filter((id) => !forUsers.ids.has(id)),
    willRestore,
  };
}

/** Up-to-date instances that run, or may run, to recreate temp outs for others; in the order of the plan. */
function broughtBack(
  plan: Plan,
  runs: Pick<Forecast, 'willRun' | 'mayRun'>,
  droppedNeeds: ForecastFacts['droppedNeeds'],
): Pick<Forecast, 'willRun' | 'mayRun'> & { readonly ids: ReadonlySet<InstanceId> } {
  const certain = new Set(runs.willRun.map(({ instance }) => instance));
  const possible = new Map(runs.mayRun.map(({ instance, after }) => [instance, after]));
  const [ids, willRun, mayRun] = [
    new Set<InstanceId>(),
    [] as Forecast['willRun'][number][],
    [] as Forecast['mayRun'][number][],
  ];
  // Users first: what brings back may read dropped outs itself.
  const users = new Map<InstanceId, { readonly user: InstanceId; readonly outs: readonly string[] }>();
  for (const instance of plan.instances.toReversed()) {
    const { id } = instance;
    const use = users.get(id);
    if (use !== undefined && !certain.has(use.user) && !possible.has(use.user)) continue;
    if (use !== undefined && !certain.has(id) && !possible.has(id)) {
      ids.add(id);
      if (certain.has(use.user)) {
        certain.add(id);
        willRun.unshift({ instance: id, because: [{ kind: 'dropped', outs: use.outs, for: use.user }] });
      } else {
        const after = possible.get(use.user) ?? [];
        possible.set(id, after);
        mayRun.unshift({ instance: id, after });
      }
    }
    if (!certain.has(id) && !possible.has(id)) continue;
    for (const [need, outs] of droppedNeeds(instance)) {
      const before = users.get(need);
      if (before === undefined || (certain.has(id) && !certain.has(before.user)))
        users.set(need, { user: id, outs });
    }
  }
  return { ids, willRun, mayRun };
}
