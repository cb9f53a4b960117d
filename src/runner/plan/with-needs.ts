import type { InstanceId } from '../identity.ts';
import type { Instance, Plan } from './instance.ts';

/**
 * Some instances and all that they need. The plan is in topological order, so one pass from its end finds
 * them.
 */
export function withNeeds(
  { instances, needs }: Pick<Plan, 'instances' | 'needs'>,
  some: Iterable<InstanceId>,
): ReadonlySet<InstanceId> {
  const ids = new Set(some);
  for (const { id } of instances.toReversed())
    if (ids.has(id)) for (const need of needs.get(id) ?? []) ids.add(need);
  return ids;
}

/** Some instances and all that depend on them: one pass from the start of the plan finds them. */
export function withDependents(
  { instances, needs }: Pick<Plan, 'instances' | 'needs'>,
  some: ReadonlySet<InstanceId>,
): ReadonlySet<InstanceId> {
  const ids = new Set(some);
  for (const { id } of instances) if ((needs.get(id) ?? []).some((need) => ids.has(need))) ids.add(id);
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
