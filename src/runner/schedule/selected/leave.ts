import type { Diagnostic } from '../../diagnostic.ts';
import type { Outcome } from '../../event.ts';
import type { InstanceId } from '../../identity.ts';
import type { Ends } from '../with-run.ts';
import type { PlannedRun } from './planned-run.ts';

/** Ends a run whose lists were made and that cannot go on. */
export function leave(
  { selected }: PlannedRun,
  ended: ReadonlyMap<InstanceId, Outcome>,
  faults: readonly Diagnostic[],
  ends: Ends,
): false {
  ends.onFaults(faults);
  for (const instance of selected.chosen)
    if (!ended.has(instance.id)) ends.onOutcome(instance, null, { kind: 'skipped' });
  return false;
}
