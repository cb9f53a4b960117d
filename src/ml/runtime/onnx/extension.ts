import { numberAt, textAt } from '../../tensor/attribute.ts';
import type { Node } from '../../tensor/node.ts';

/** An update that appends to a variable, or to some of its rows, as a cache grows: the rest stays as it is. */
export interface Extension {
  /** The int32 feed that names the rows of the first axis; undefined: all of them, in their order. */
  readonly rows: string | undefined;
  /** What is appended. */
  readonly newest: Node;
  readonly axis: number;
}

/** The update of a variable as an extension, where it is one: concat([variable, x]), or of gathered rows. */
export function extensionOf(variable: string, { op, inputs, attributes }: Node): Extension | undefined {
  const [past, newest, ...others] = inputs;
  if (op !== 'Concat' || past === undefined || newest === undefined || others.length > 0) return undefined;
  const axis = numberAt(attributes, 'axis');
  if (inputName(past) === variable) return { rows: undefined, newest, axis };
  const [table, indices] = past.inputs;
  if (past.op !== 'Gather' || inputName(table) !== variable || axis === 0) return undefined;
  const rows = inputName(indices?.op === 'Reshape' ? indices.inputs[0] : indices);
  return rows === undefined || indices?.shape.length !== 1 ? undefined : { rows, newest, axis };
}

const inputName = (node: Node | undefined): string | undefined =>
  node?.op === 'Input' ? textAt(node.attributes, 'name') : undefined;
