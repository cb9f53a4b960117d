import type { Value } from '../../../stage/context.ts';
import { canonical, isList, isMap } from '../../manifest/canonical.ts';
import type { Difference } from '../../manifest/reason.ts';
import { axisName, instanceName, valueLabel } from '../instance-name.ts';
import type { Instance, Plan } from '../instance.ts';

/**
 * The instances that the members of a gathered dep are, now and before, by the canonical form of their axes:
 * a manifest holds axes alone. One that the plan does not have any more is named as the others are.
 */
export function memberNames(
  plan: Plan,
  instance: Instance,
  { field: [, name = ''], before, after }: Difference,
): Readonly<Record<string, string>> {
  const dep = instance.deps[name];
  const members = dep?.kind === 'gather' ? dep.members : [];
  const known = members.map(({ axes, instance: id }) => [canonical(axes), id] as const);
  const other = plan.instances.find(({ id }) => id === members[0]?.instance);
  const named =
    other === undefined
      ? []
      : [...axesOf(before), ...axesOf(after)].map(
          (axes) => [canonical(axes), nameLike(other, axes)] as const,
        );
  return Object.fromEntries([...named, ...known]);
}

const axesOf = (members: Value | undefined): readonly Readonly<Record<string, Value>>[] =>
  (members !== undefined && isList(members) ? members : []).flatMap((member) => {
    const axes = isMap(member) ? member['axes'] : undefined;
    return axes !== undefined && isMap(axes) ? [axes] : [];
  });

const nameLike = ({ stage, axes: order }: Instance, axes: Readonly<Record<string, Value>>): string =>
  instanceName(
    stage,
    Object.keys(order).map((axis) => axisName(valueLabel(axes[axis] ?? null))),
  ).id;
