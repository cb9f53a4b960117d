import type { InstanceId } from '../identity.ts';
import type { Entry, Policy } from '../manifest/decide.ts';
import type { Content } from '../manifest/manifest.ts';
import { inPlanOrder } from '../plan/in-plan-order.ts';
import type { Instance } from '../plan/instance.ts';
import { needsToRun } from '../plan/with-needs.ts';
import { keysByManifest } from '../store/last-results.ts';
import {
  assess,
  type Assessment,
  type ReadCache,
  readCacheOf,
  type Session,
  type Unassessable,
} from './assess.ts';

/** An instance as far as it can be known while nothing runs. */
export type Standing =
  | { readonly kind: 'assessed'; readonly assessment: Assessment }
  | { readonly kind: 'unassessable'; readonly why: Unassessable }
  /** It reads from instances that will run: what it depends on is known when they are done. */
  | { readonly kind: 'waiting'; readonly after: readonly InstanceId[] };

/**
 * Assesses instances in the order of the plan, without running or writing anything. What can be restored
 * counts as there. `takenAsIs`: instances whose present outs are used by what reads from them.
 */
export async function assessAll(
  session: Session,
  instances: readonly Instance[],
  policyOf: (instance: Instance) => Policy,
  takenAsIs: ReadonlySet<InstanceId> = new Set(),
): Promise<ReadonlyMap<InstanceId, Standing>> {
  const reads = readCacheOf(session.workspace, keysByManifest(session.store, session.plan.pipeline));
  const standings = new Map<InstanceId, Standing>();
  const pending = new Map<InstanceId, Promise<void>>();
  const settle = async (): Promise<void> => {
    await Promise.all(pending.values());
    pending.clear();
  };
  const atOnce = session.source === undefined ? 1 : concurrentLookups;
  for (const instance of instances) {
    const { id } = instance;
    const needs = needsToRun(session.plan, instance);
    if (pending.size >= atOnce || needs.some((need) => pending.has(need))) await settle();
    const after = needs.filter((need) => !takenAsIs.has(need) && !isHit(standings.get(need)));
    if (after.length > 0) standings.set(id, { kind: 'waiting', after });
    else
      pending.set(
        id,
        standingOf(session, instance, policyOf(instance), reads, standings).then(
          (standing) => void standings.set(id, standing),
        ),
      );
  }
  await settle();
  return inPlanOrder(instances, standings);
}

/** A shared cache answers after a while: it is asked for so many instances at a time. */
const concurrentLookups = 16;

async function standingOf(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
  standings: ReadonlyMap<InstanceId, Standing>,
): Promise<Standing> {
  const assessed = await assess(session, instance, policy, reads, {
    content: (need, out) => restorable(standings.get(need), out),
    isAdopted: (need) => isAdopted(standings.get(need)),
  });
  return assessed.ok
    ? { kind: 'assessed', assessment: assessed.value }
    : { kind: 'unassessable', why: assessed.error };
}

/** Whether nothing has to run for an instance's outs to be there. */
export const isHit = (standing: Standing | undefined): boolean =>
  standing?.kind === 'assessed' && standing.assessment.decision.kind === 'restore';

/** The outs of the result that an instance has, in place or to be restored. */
export const presentOuts = (standing: Standing | undefined): Entry['outs'] | undefined =>
  standing?.kind === 'assessed' && standing.assessment.decision.kind === 'restore'
    ? standing.assessment.decision.entry.outs
    : undefined;

/** Whether nothing has to be done at all. */
export const isInPlace = (standing: Standing | undefined): boolean =>
  isHit(standing) && standing?.kind === 'assessed' && standing.assessment.displaced.length === 0;

/** Of a result that is there; undefined where none is. */
const isAdopted = (standing: Standing | undefined): boolean | undefined =>
  standing?.kind === 'assessed' && standing.assessment.decision.kind === 'restore'
    ? standing.assessment.decision.entry.adopted === true
    : undefined;

/** The content of an out that is not in place but will be restored. */
function restorable(standing: Standing | undefined, out: string): Content | undefined {
  if (
    standing?.kind !== 'assessed' ||
    standing.assessment.displaced.length === 0 ||
    standing.assessment.decision.kind !== 'restore'
  )
    return undefined;
  return standing.assessment.decision.entry.outs[out];
}
