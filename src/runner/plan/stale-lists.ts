import type { AwaitedInstances } from '../event.ts';
import type { InstanceId } from '../identity.ts';
import type { ListedInstances, Plan } from './instance.ts';

/** The outs of a result that is right now, by name; undefined: an instance has none. */
type PresentOuts = (id: InstanceId) => Readonly<Record<string, { readonly digest: string }>> | undefined;

/** The instances whose lists differ, or may differ, from those that a plan was made with. */
export const staleLists = (
  { lists = [] }: Pick<Plan, 'lists'>,
  outsOf: PresentOuts,
): ReadonlySet<InstanceId> =>
  new Set(
    lists.flatMap(({ instance, out, digest }) =>
      outsOf(instance)?.[out]?.digest === digest ? [] : [instance],
    ),
  );

/** Whether it is known only once a list is made, or made again. */
export const isAwaited = ({ isKnown, after }: ListedInstances, stale: ReadonlySet<InstanceId>): boolean =>
  !isKnown || after.some((producer) => stale.has(producer));

/** Of instances from lists, those that are known once the lists are made again. */
export const awaitedInstances = (
  listed: readonly ListedInstances[],
  stale: ReadonlySet<InstanceId>,
): readonly AwaitedInstances[] =>
  listed.filter((part) => isAwaited(part, stale)).map(({ name, after }) => ({ name, after }));
