import type { Node } from './node.ts';
import type { TensorType } from './shape.ts';

/**
 * The type of an op's result from those of its inputs and its attributes. Throws where the op cannot be
 * applied.
 */
export type ShapeRule = (of: readonly TensorType[], attributes: Node['attributes']) => TensorType;

/** The reason why a requested gradient does not exist. */
export interface NoGradient {
  readonly because: string;
}

/**
 * What `upstream`, the gradient of the loss with respect to the node, adds to the gradient of each input: one
 * entry an input, of that input's shape; `undefined` where the derivative is zero everywhere (indices,
 * conditions).
 */
export type GradientRule = (node: Node, upstream: Node) => readonly (Node | NoGradient | undefined)[];

/** The inputs of a node whose op has `n` of them. */
export function inputsOf<N extends number>(node: Node, n: N): Tuple<Node, N> {
  if (!hasLength(node.inputs, n))
    throw new Error(`${node.op} has ${node.inputs.length} inputs, expected ${n}`);
  return node.inputs;
}

/** The inputs' types, for a shape rule whose op has `n` of them. */
export function exactly<T, N extends number>(op: string, of: readonly T[], n: N): Tuple<T, N> {
  if (!hasLength(of, n)) throw new Error(`${op} has ${of.length} inputs, expected ${n}`);
  return of;
}

type Tuple<T, N extends number, Rest extends readonly T[] = readonly []> = Rest['length'] extends N
  ? Rest
  : Tuple<T, N, readonly [...Rest, T]>;

const hasLength = <T, N extends number>(list: readonly T[], n: N): list is Tuple<T, N> & readonly T[] =>
  list.length === n;
