import { digestOf } from '../../../files/digest.ts';
import type { Value } from '../../../stage/context.ts';
import { canonical } from '../../manifest/canonical.ts';
import { mapNode, valueOf, type Node } from '../../pipeline-file/yaml/node.ts';
import { axisName, labelOf } from '../instance-name.ts';

/** One value of an axis. */
export interface AxisValue {
  /** Its source text; for a map, with its `name`. */
  readonly node: Node;
  /** What `${axis}` becomes: a map without its `name`. */
  readonly bare: Node;
  /** The value with its `name`: what a dep that gathers gets, since it may show it. */
  readonly value: Value;
  /** The value without its `name`. */
  readonly bareValue: Value;
  /** Equal if and only if the values (with their names) are: what joins compare. */
  readonly identity: string;
  readonly label: string;
  /** The label as a part of the instance's name. */
  readonly name: string;
}

/** A node as a value of an axis. `known`: memoized ones. */
export function axisValue(node: Node, known: Map<Node, AxisValue>): AxisValue {
  const before = known.get(node);
  if (before !== undefined) return before;
  const bare =
    node.kind === 'map' && node.entries.has('name')
      ? mapNode(new Map([...node.entries].filter(([name]) => name !== 'name')), node.at)
      : node;
  const value = valueOf(node);
  const label = labelOf(node);
  const made = {
    node,
    bare,
    value,
    bareValue: bare === node ? value : valueOf(bare),
    identity: identityOf(value),
    label,
    name: axisName(label),
  };
  known.set(node, made);
  return made;
}

/** Short for any value, since every cell has one for each axis: the canonical form, or its digest. */
function identityOf(value: Value): string {
  const form = canonical(value);
  return form.length <= 100 ? form : `#${digestOf(form)}`;
}
