import type { Diagnostic } from '../../diagnostic.ts';
import type { InstanceId } from '../../identity.ts';
import type { Instance } from '../../plan/instance.ts';
import { staleLists } from '../../plan/stale-lists.ts';
import { needsToRun } from '../../plan/with-needs.ts';
import { assessAll, presentOuts, type AssessedInstance } from '../../status/assess-all.ts';
import { readTogether } from '../../store/database/open-store.ts';
import type { PlannedRun } from './planned-run.ts';

/**
 * The faults of lists that leave nothing of the selection to plan now; empty if lists have to be made first
 * to know.
 */
export async function refusedLists(planned: PlannedRun): Promise<readonly Diagnostic[]> {
  const faults = faultsOfLists(planned);
  if (faults.length === 0) return [];
  const { session, selected, policyOf } = planned;
  const known = new Set(selected.takenAsIs.map(({ id }) => id));
  const assessments = await readTogether(session.store, () =>
    assessAll(session, selected.chosen, policyOf, known),
  );
  return staleProducers(planned, selected.chosen, assessments).length > 0 ? [] : faults;
}

/** What a selection cannot have, by the lists as they are now. */
export const faultsOfLists = ({ selected, listFaults }: PlannedRun): readonly Diagnostic[] => [
  ...(selected.listed.length > 0 ? listFaults : []),
  ...selected.unmatched,
];

/** The instances whose lists the selection depends on, and which have changed since it was planned. */
export function staleProducers(
  { session: { plan }, selected: { chosen, listed } }: PlannedRun,
  ready: readonly Instance[],
  assessments: ReadonlyMap<InstanceId, AssessedInstance>,
): readonly InstanceId[] {
  if (plan.lists === undefined) return [];
  const wanted = new Set([
    ...listed.flatMap(({ after }) => after),
    ...chosen.flatMap((instance) => needsToRun(plan, instance)),
  ]);
  const stale = staleLists(plan, (id) => presentOuts(assessments.get(id)));
  return ready.flatMap(({ id }) => (wanted.has(id) && stale.has(id) ? [id] : []));
}

/** The fault of a list that was made and cannot be read again. */
export const listNotCached = (producer: InstanceId): Diagnostic => ({
  severity: 'error',
  code: 'unknown-list',
  message: `the list of ${producer} is unknown, because its result is not cached`,
  help: 'run again',
});
