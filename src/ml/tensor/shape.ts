import { canonical } from './dimension.ts';
import type { Dimension, DType, Node, Shape } from './node.ts';
import type { OpName } from './op.ts';

/** The type of a node: the result of every shape rule. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** A fault in the code that builds a graph: a bug, so it is thrown. Names the op and its inputs. */
export function refuse(op: string, of: readonly TensorType[], because: string): never {
  throw new Error(`${op}(${of.map(typeText).join(', ')}): ${because}`);
}

/** A type as messages show it: "float32[batch, 8]". */
export const typeText = ({ dtype, shape }: TensorType): string => `${dtype}[${shape.join(', ')}]`;

/** Whether two shapes in canonical form are equal. */
export const sameShape = (left: Shape, right: Shape): boolean =>
  left.length === right.length && left.every((size, axis) => size === right[axis]);

/**
 * The shape that all of them broadcast to, aligned at the last axis as in NumPy; a named size fits only
 * itself and 1.
 */
export function broadcast(op: string, of: readonly TensorType[]): Shape {
  const rank = Math.max(0, ...of.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let size: Dimension = 1;
    for (const { shape } of of) {
      const own = shape[axis - (rank - shape.length)] ?? 1;
      if (size !== 1 && own !== 1 && own !== size)
        refuse(op, of, `the shapes do not broadcast: ${size} and ${own} on axis ${axis}`);
      if (own !== 1) size = own;
    }
    return size;
  });
}

/** A negative axis counts from the end. */
export function axisOf(op: string, x: TensorType, axis: number): number {
  const absolute = axis < 0 ? axis + x.shape.length : axis;
  if (!Number.isInteger(absolute) || absolute < 0 || absolute >= x.shape.length)
    refuse(op, [x], `axis ${axis} does not exist`);
  return absolute;
}

/** The size of an axis that is known to exist. */
export function sizeOf(x: TensorType, axis: number): Dimension {
  return x.shape.at(axis) ?? refuse('size', [x], `axis ${axis} does not exist`);
}

/** The shape with each dimension in canonical form. */
export const canonicalShape = (shape: Shape): Shape => shape.map(canonical);

/** Refuses the op, as `refuse` does, unless x has one of the allowed dtypes. */
export function requireDType(
  op: string,
  of: readonly TensorType[],
  x: TensorType,
  ...allowed: readonly DType[]
): void {
  if (!allowed.includes(x.dtype)) refuse(op, of, `expected ${allowed.join(' or ')}, not ${x.dtype}`);
}

/** A node as it is given: neither its inputs nor its type are checked. */
export const nodeOf = (
  op: OpName,
  inputs: readonly Node[],
  { dtype, shape }: TensorType,
  attributes: Node['attributes'] = {},
): Node => ({ op, inputs, attributes, dtype, shape });
