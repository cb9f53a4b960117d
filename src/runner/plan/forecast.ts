import type { InstanceId } from '../identity.ts';
import type { Decision } from '../manifest/decide.ts';
import type { Reason } from '../manifest/reason.ts';
import type { Instance, Plan } from './instance.ts';

/** What a run would do, without doing it. */
export interface Forecast {
  readonly willRun: readonly { readonly instance: InstanceId; readonly because: readonly Reason[] }[];
  /** What reads from something that runs: whether its deps' bytes change is known when that is done. `after`: what it waits for. */
  readonly mayRun: readonly { readonly instance: InstanceId; readonly after: readonly InstanceId[] }[];
  readonly cached: readonly InstanceId[];
}

/**
 * Sorts the chosen instances by what is known before anything runs. `decideNow` is asked only for those whose deps are
 * all known. `neverFinished` tells whether an instance that waits has no result of any kind that could still hold: it
 * runs for certain.
 */
export function forecast(plan: Plan, chosen: readonly Instance[], decideNow: (instance: Instance) => Decision, neverFinished: (instance: Instance) => boolean): Forecast {
  const willRun: { instance: InstanceId; because: readonly Reason[] }[] = [];
  const mayRun: { instance: InstanceId; after: readonly InstanceId[] }[] = [];
  const cached: InstanceId[] = [];
  const unsettled = new Set<InstanceId>();
  for (const instance of chosen) {
    const after = (plan.needs.get(instance.id) ?? []).filter((need) => unsettled.has(need));
    const decision = after.length === 0 ? decideNow(instance) : undefined;
    if (decision?.kind === 'restore') {
      cached.push(instance.id);
      continue;
    }
    unsettled.add(instance.id);
    if (decision !== undefined) willRun.push({ instance: instance.id, because: decision.because });
    else if (!instance.cache) willRun.push({ instance: instance.id, because: [{ kind: 'not-cached' }] });
    else if (neverFinished(instance)) willRun.push({ instance: instance.id, because: [{ kind: 'no-result' }] });
    else mayRun.push({ instance: instance.id, after });
  }
  return { willRun, mayRun, cached };
}
