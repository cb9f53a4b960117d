import type { InstanceId } from '../identity.ts';
import { declaredPolicy } from '../manifest/decide.ts';
import type { Instance } from '../plan/instance.ts';
import { lastMadeKey } from '../store/attempts.ts';
import type { Session } from './session.ts';
import { assessAll } from './assess-all.ts';

/**
 * The instances among some that always run (`cache: false`) and whose key has not changed since their last
 * run. A run executes them all the same, but they are not out of date, and their readers are assessed by
 * their existing outs. `instances` includes all dependencies, in the order of the plan.
 */
export async function asLastMade(
  session: Session,
  instances: readonly Instance[],
): Promise<ReadonlySet<InstanceId>> {
  const uncached = new Set(instances.filter(({ cache }) => !cache).map(({ id }) => id));
  const made = new Set<InstanceId>();
  // An instance that reads from another of them is decided after that one.
  for (let before = -1; before < made.size && made.size < uncached.size;) {
    before = made.size;
    for (const [id, seen] of await assessAll(session, instances, declaredPolicy, made)) {
      if (
        uncached.has(id) &&
        seen.kind === 'assessed' &&
        lastMadeKey(session.store, session.plan.pipeline, id) === seen.assessment.key
      )
        made.add(id);
    }
  }
  return made;
}
