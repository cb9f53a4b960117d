import type { Outcome } from '../../event.ts';
import type { InstanceId } from '../../identity.ts';
import type { Instance } from '../../plan/instance.ts';
import { awaitedInstances } from '../../plan/stale-lists.ts';
import { withNeeds } from '../../plan/with-needs.ts';
import { assessAll, type AssessedInstance } from '../../status/assess-all.ts';
import { readTogether } from '../../store/database/open-store.ts';
import { readUntil } from '../../workspace/workspace.ts';
import { failedBy } from '../failed-by.ts';
import type { TakenAsIs } from '../outs/taken-as-is.ts';
import type { Run } from '../run.ts';
import type { OnOutcome } from '../with-run.ts';
import { isMade } from './is-made.ts';
import { leave } from './leave.ts';
import { faultsOfLists, staleProducers, listNotCached } from './lists-of-plan.ts';
import type { PlannedRun } from './planned-run.ts';
import { type RunProgress, runReady } from './run-ready.ts';

/**
 * Runs what can run with the current plan; returns whether to plan again, since lists were made that it
 * depends on. `blocked`: what cannot run, since inputs that are taken as they are cannot be had.
 */
export async function runKnown(
  run: Run,
  planned: PlannedRun,
  blocked: TakenAsIs['blocked'],
  progress: RunProgress,
): Promise<boolean> {
  const { ended, ends } = progress;
  const { chosen, listed } = planned.selected;
  const left = chosen.filter(({ id }) => !ended.has(id));
  const ready = withoutBlocked(left, blocked, ends.onOutcome);
  const assessments = await assessReady(run, planned, ready, ended);
  const producers = staleProducers(planned, ready, assessments);
  if (producers.length === 0) ends.onFaults(faultsOfLists(planned));
  else {
    const awaited = awaitedInstances(listed, new Set(producers));
    if (awaited.length > awaitedInstances(listed, new Set()).length) ends.onPlanned(chosen, awaited);
    const upTo = withNeeds(planned.session.plan, producers);
    const needed = ready.filter(({ id }) => upTo.has(id));
    await runReady(run, planned, needed, assessments, progress);
    if (run.stop.isStopping()) return leave(planned, ended, [], ends);
    if (producers.every((id) => isMade(ended.get(id)))) return true;
  }
  const uncached = producers.filter((id) => ended.get(id)?.kind === 'ran' && !isMade(ended.get(id)));
  ends.onFaults(uncached.map(listNotCached));
  const rest = ready.filter(({ id }) => !ended.has(id));
  const before = new Map([...ended, ...uncached.map((id) => [id, { kind: 'blocked', by: id }] as const)]);
  await runReady(run, planned, rest, assessments, { ...progress, ended: before });
  return false;
}

/** As planning assessed them, if nothing has ended or was restored since. */
async function assessReady(
  { session, stop }: Run,
  { selected: { takenAsIs }, policyOf, assessments }: PlannedRun,
  ready: readonly Instance[],
  ended: ReadonlyMap<InstanceId, Outcome>,
): Promise<ReadonlyMap<InstanceId, AssessedInstance>> {
  if (assessments !== undefined && ended.size === 0 && takenAsIs.length === 0) return assessments;
  const made = [...ended].flatMap(([id, outcome]) => (isMade(outcome) ? [id] : []));
  const usable = new Set([...takenAsIs.map(({ id }) => id), ...made]);
  const stoppable = { ...session, workspace: readUntil(session.workspace, stop.stopped) };
  return readTogether(session.store, () => assessAll(stoppable, ready, policyOf, usable));
}

/** Reports the end of instances with unavailable inputs; returns the others. */
function withoutBlocked(
  instances: readonly Instance[],
  blocked: TakenAsIs['blocked'],
  onOutcome: OnOutcome,
): readonly Instance[] {
  return instances.filter((instance) => {
    const message = blocked.get(instance.id);
    if (message !== undefined) onOutcome(instance, null, failedBy(message));
    return message === undefined;
  });
}
