import type { Diagnostic } from '../diagnostic.ts';
import type { Instance } from '../plan/instance.ts';
import { joinFirst } from '../wording/join-first.ts';
import { assess, readCacheOf, type Session } from './assess.ts';
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
    const message = unassessableText(assessed.error);
    faults.push({ severity: 'error', code: 'frozen', message, at: instance.frozen });
  }
  return faults;
}

/** Says that what is frozen is not brought up to date. */
export function frozenWarning(instances: readonly Instance[]): readonly Diagnostic[] {
  const frozen = instances.filter((instance) => instance.frozen !== undefined);
  const [first] = frozen;
  if (first?.frozen === undefined) return [];
  const names = joinFirst(
    frozen.map(({ id }) => id),
    3,
  );
  return [
    {
      severity: 'warning',
      code: 'frozen',
      message:
        `using the last ${frozen.length === 1 ? 'result' : 'results'} of ${names}, which ` +
        `${frozen.length === 1 ? 'is' : 'are'} frozen: changes since are ignored`,
      at: first.frozen,
    },
  ];
}
