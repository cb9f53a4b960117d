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
   * What reads from something that runs: whether its deps' bytes change is known when that is done. `after`:
   * what it waits for.
   */
  readonly mayRun: readonly { readonly instance: InstanceId; readonly after: readonly InstanceId[] }[];
  readonly upToDate: readonly InstanceId[];
  /** Instances whose outs will be written back from the cache, and which outs. */
  readonly willRestore: readonly {
    readonly instance: InstanceId;
    readonly displaced: readonly DisplacedOut[];
  }[];
  /** Those of them whose last result is used, whatever changed since; absent: none. */
  readonly frozen?: readonly InstanceId[];
  /** What comes from lists that are made again first. */
  readonly awaited: readonly AwaitedInstances[];
}

export interface ForecastFacts {
  readonly decideNow: (instance: Instance) => Decision;
  readonly displaced: (instance: Instance) => readonly DisplacedOut[];
  readonly neverFinished: (instance: Instance) => boolean;
}

/**
 * Sorts the chosen instances by what is known before anything runs. `decideNow` is asked only for those whose
 * deps are all known; `displaced` only for those that have a result. `neverFinished` tells whether an
 * instance that waits has no result of any kind that could still hold: it runs for certain. Lists are not
 * asked for.
 */
export function forecast(
  plan: Plan,
  chosen: readonly Instance[],
  { decideNow, displaced, neverFinished }: ForecastFacts,
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
  return { willRun, mayRun, upToDate, willRestore };
}
