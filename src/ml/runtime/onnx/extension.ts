import { numberAt, textAt } from '../../tensor/attribute.ts';
import type { Node } from '../../tensor/node.ts';

/** An update that appends to a variable, as a cache grows: the rest stays as it is. */
export interface Extension {
  /** What is appended. */
  readonly newest: Node;
  readonly axis: number;
}

/** The update of a variable as an extension, where it is one: concat([variable, x]). */
export function extensionOf(variable: string, { op, inputs, attributes }: Node): Extension | undefined {
  const [past, newest, ...others] = inputs;
  if (op !== 'Concat' || past === undefined || newest === undefined || others.length > 0) return undefined;
  const isVariable = past.op === 'Input' && textAt(past.attributes, 'name') === variable;
  return isVariable ? { newest, axis: numberAt(attributes, 'axis') } : undefined;
}
