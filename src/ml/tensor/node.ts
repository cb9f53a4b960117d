import type { OpName } from './op.ts';

/**
 * What an element of a tensor is. `bool` is one byte an element, 0 or 1; integers carry indices and hash
 * bits.
 */
export type DType = 'float32' | 'bfloat16' | 'int32' | 'uint32' | 'int64' | 'bool';

/**
 * The size of one axis: a number, or an expression in sizes that are known when the program runs, written in
 * the canonical form of dimension.ts: "batch", "batch*source", "2*tokens", "past+1".
 */
export type Dimension = number | string;
export type Shape = readonly Dimension[];

/** An attribute of a node: a parameter of an op besides its inputs that does not change from run to run. */
export type Attribute = number | string | boolean | readonly number[] | Shape;

/**
 * One value of the model's computation: an op applied to the values it is made from. A graph is the set of
 * nodes that can be reached from its outputs; nodes are immutable and shared by reference.
 */
export interface Node {
  readonly op: OpName;
  readonly inputs: readonly Node[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * A traced program: named outputs. Its inputs are the `Input` nodes that the outputs reach, found by their
 * names.
 */
export interface Graph {
  readonly outputs: Readonly<Record<string, Node>>;
}
