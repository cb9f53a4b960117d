import type { InstanceId } from '../identity.ts';
import type { Instance } from './instance.ts';

/** What is known of instances in the order of the plan, not in that in which it came to be known. */
export const inPlanOrder = <T extends object>(
  instances: readonly Pick<Instance, 'id'>[],
  known: ReadonlyMap<InstanceId, T>,
): ReadonlyMap<InstanceId, T> =>
  new Map(
    instances.flatMap(({ id }) => {
      const one = known.get(id);
      return one === undefined ? [] : [[id, one]];
    }),
  );
