import { type InstanceId, stageOf } from '../identity.ts';
import type { Plan } from '../plan/instance.ts';
import { isAwaited } from '../plan/stale-lists.ts';
import type { Store } from '../store/database/open-store.ts';
import { knownInstances } from '../store/past-results.ts';

/**
 * Instances of earlier runs that lists could name again once they are made: those of all stages that take
 * values from lists which are not known, or are in `stale`.
 */
export function awaitedResults(
  store: Store,
  { pipeline, listed = [] }: Plan,
  stale: ReadonlySet<InstanceId>,
): readonly string[] {
  const stages = new Set(listed.filter((part) => isAwaited(part, stale)).map(({ stage }) => stage));
  return stages.size === 0 ? [] : knownInstances(store, pipeline).filter((id) => stages.has(stageOf(id)));
}
