import type { InstanceId } from '../identity.ts';
import type { Instance } from './instance.ts';

/** The states of instances in the order of the plan, not in the order in which they were determined. */
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
