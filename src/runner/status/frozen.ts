import type { Diagnostic } from '../diagnostic.ts';
import type { Instance } from '../plan/instance.ts';
import { assess } from './assess.ts';
import { readCacheOf } from './identity/read-cache.ts';
import type { Session } from './session.ts';
import { unassessableText } from './unassessable-text.ts';

/** Frozen instances whose last result cannot be had, each at its `frozen`. */
export async function frozenFaults(
  session: Session,
  instances: readonly Instance[],
): Promise<readonly Diagnostic[]> {
  const reads = readCacheOf(session.workspace);
  const faults: Diagnostic[] = [];
  for (const instance of instances) {
    if (instance.frozen === undefined) continue;
    const assessed = await assess(session, instance, { forced: false, cache: true }, reads);
    if (assessed.ok) continue;
    const message = unassessableText(assessed.error, session.plan.typed);
    faults.push({ severity: 'error', code: 'frozen', message, at: instance.frozen });
  }
  return faults;
}
