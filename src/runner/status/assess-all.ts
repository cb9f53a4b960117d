import type { InstanceId } from '../identity.ts';
import { droppedOuts, type Entry, type Policy } from '../manifest/decide.ts';
import type { Content } from '../manifest/manifest.ts';
import { inPlanOrder } from '../plan/in-plan-order.ts';
import type { Instance } from '../plan/instance.ts';
import { needsToRun } from '../plan/with-needs.ts';
import { keysByManifest } from '../store/last-results.ts';
import { assess, type Assessment, type Unassessable } from './assess.ts';
import { type ReadCache, readCacheOf } from './identity/read-cache.ts';
import type { Session } from './session.ts';

/** An instance as far as it can be known while nothing runs. */
export type AssessedInstance =
  | { readonly kind: 'assessed'; readonly assessment: Assessment }
  | { readonly kind: 'unassessable'; readonly why: Unassessable }
  /** It reads from instances that will run: its inputs are known when they are done. */
  | { readonly kind: 'waiting'; readonly after: readonly InstanceId[] };

/**
 * Assesses instances in the order of the plan, without running or writing anything. Restorable results count
 * as present. `takenAsIs`: instances whose present outs are used by their readers.
 */
export async function assessAll(
  session: Session,
  instances: readonly Instance[],
  policyOf: (instance: Instance) => Policy,
  takenAsIs: ReadonlySet<InstanceId> = new Set(),
): Promise<ReadonlyMap<InstanceId, AssessedInstance>> {
  const reads = readCacheOf(session.workspace, keysByManifest(session.store, session.plan.pipeline));
  const assessments = new Map<InstanceId, AssessedInstance>();
  const pending = new Map<InstanceId, Promise<void>>();
  const drain = async (): Promise<void> => {
    await Promise.all(pending.values());
    pending.clear();
  };
  const atOnce = session.source === undefined ? 1 : concurrentLookups;
  for (const instance of instances) {
    const { id } = instance;
    const needs = needsToRun(session.plan, instance);
    if (pending.size >= atOnce || needs.some((need) => pending.has(need))) await drain();
    const after = needs.filter((need) => !takenAsIs.has(need) && !isHit(assessments.get(need)));
    if (after.length > 0) assessments.set(id, { kind: 'waiting', after });
    else
      pending.set(
        id,
        assessInstance(session, instance, policyOf(instance), reads, assessments).then(
          (assessed) => void assessments.set(id, assessed),
        ),
      );
  }
  await drain();
  return inPlanOrder(instances, assessments);
}

/** A shared cache has latency, so this many instances are looked up in parallel. */
const concurrentLookups = 16;

async function assessInstance(
  session: Session,
  instance: Instance,
  policy: Policy,
  reads: ReadCache,
  assessments: ReadonlyMap<InstanceId, AssessedInstance>,
): Promise<AssessedInstance> {
  const assessed = await assess(session, instance, policy, reads, {
    content: (need, out) => restorable(assessments.get(need), out),
    isAdopted: (need) => isAdopted(assessments.get(need)),
    dropped: (need) => dropped(assessments.get(need)),
  });
  return assessed.ok
    ? { kind: 'assessed', assessment: assessed.value }
    : { kind: 'unassessable', why: assessed.error };
}

/** Whether nothing has to run for an instance's outs to be there. */
export const isHit = (assessed: AssessedInstance | undefined): boolean =>
  assessed?.kind === 'assessed' && assessed.assessment.decision.kind === 'restore';

/** The outs of the result that an instance has, in place or to be restored. */
export const presentOuts = (assessed: AssessedInstance | undefined): Entry['outs'] | undefined =>
  assessed?.kind === 'assessed' && assessed.assessment.decision.kind === 'restore'
    ? assessed.assessment.decision.entry.outs
    : undefined;

/** Whether nothing has to be done at all. */
export const isInPlace = (assessed: AssessedInstance | undefined): boolean =>
  isHit(assessed) && assessed?.kind === 'assessed' && assessed.assessment.displaced.length === 0;

/** Of an existing result; undefined without one. */
const isAdopted = (assessed: AssessedInstance | undefined): boolean | undefined =>
  assessed?.kind === 'assessed' && assessed.assessment.decision.kind === 'restore'
    ? assessed.assessment.decision.entry.adopted === true
    : undefined;

/** The outs of a result that is there whose bytes were dropped; undefined where none is. */
const dropped = (assessed: AssessedInstance | undefined): Entry['outs'] | undefined =>
  assessed?.kind === 'assessed' && assessed.assessment.decision.kind === 'restore'
    ? droppedOuts(assessed.assessment.decision.entry)
    : undefined;

/** The content of an out that is not in place but will be restored. */
function restorable(assessed: AssessedInstance | undefined, out: string): Content | undefined {
  if (
    assessed?.kind !== 'assessed' ||
    assessed.assessment.displaced.length === 0 ||
    assessed.assessment.dropped.includes(out) ||
    assessed.assessment.decision.kind !== 'restore'
  )
    return undefined;
  return assessed.assessment.decision.entry.outs[out];
}
