import type { DType, Node, Shape } from './node.ts';

/** Reads a node's attributes by type; a missing one or one of another kind is a bug and throws. */
type Attributes = Node['attributes'];

/** The number at `name`. */
export function numberAt(attributes: Attributes, name: string): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : wrong(name, 'a number', value);
}

/** The text at `name`. */
export function textAt(attributes: Attributes, name: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : wrong(name, 'a string', value);
}

/** The boolean at `name`. */
export function flagAt(attributes: Attributes, name: string): boolean {
  const value = attributes[name];
  return typeof value === 'boolean' ? value : wrong(name, 'a boolean', value);
}

/** The shape at `name`, its dimensions numbers or expressions. */
export function shapeAt(attributes: Attributes, name: string): Shape {
  const value = attributes[name];
  return typeof value === 'object' ? value : wrong(name, 'a shape', value);
}

/** The numbers at `name`: a shape without named sizes. */
export function numbersAt(attributes: Attributes, name: string): readonly number[] {
  return shapeAt(attributes, name).map((value) =>
    typeof value === 'number' ? value : wrong(name, 'numbers', value),
  );
}

/** A dimension: a number or an expression in named sizes. */
export function dimensionAt(attributes: Attributes, name: string): number | string {
  const value = attributes[name];
  return typeof value === 'number' || typeof value === 'string' ? value : wrong(name, 'a dimension', value);
}

/** The dtype at `name`. */
export function dtypeAt(attributes: Attributes, name: string): DType {
  const value = attributes[name];
  switch (value) {
    case 'float32':
    case 'bfloat16':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'bool':
      return value;
    default:
      return wrong(name, 'a dtype', value);
  }
}

function wrong(name: string, expected: string, value: unknown): never {
  throw new Error(`attribute "${name}" should be ${expected}, not ${JSON.stringify(value)}`);
}
