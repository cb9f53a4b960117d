import type { InstanceId } from '../identity.ts';
import type { Instance, Plan } from './instance.ts';

/** The instances whose results an instance waits for: one that is frozen reads nothing. */
export const needsToRun = (
  { needs }: Pick<Plan, 'needs'>,
  { id, frozen }: Pick<Instance, 'id' | 'frozen'>,
): readonly InstanceId[] => (frozen === undefined ? (needs.get(id) ?? []) : []);

/**
 * Some instances and all that they need. The plan is in topological order, so one pass from its end finds
 * them.
 */
export function withNeeds(
  plan: Pick<Plan, 'instances' | 'needs'>,
  some: Iterable<InstanceId>,
): ReadonlySet<InstanceId> {
  const ids = new Set(some);
  for (const instance of plan.instances.toReversed())
    if (ids.has(instance.id)) for (const need of needsToRun(plan, instance)) ids.add(need);
  return ids;
}

/** Some instances and all that depend on them: one pass from the start of the plan finds them. */
export function withDependents(
  plan: Pick<Plan, 'instances' | 'needs'>,
  some: ReadonlySet<InstanceId>,
): ReadonlySet<InstanceId> {
  const ids = new Set(some);
  for (const instance of plan.instances)
    if (needsToRun(plan, instance).some((need) => ids.has(need))) ids.add(instance.id);
  return ids;
}

/** Some instances and all that they need, in the order of the plan. */
export function instancesWithNeeds(plan: Plan, some: readonly Instance[]): readonly Instance[] {
  const ids = withNeeds(
    plan,
    some.map(({ id }) => id),
  );
  return plan.instances.filter(({ id }) => ids.has(id));
}
