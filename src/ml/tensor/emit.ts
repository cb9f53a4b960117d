import type { Dimension, DType, Node, Shape } from './node.ts';

/** A value in the program that a runtime is writing. */
export interface Value {
  readonly name: string;
}

/** An attribute of an operator, tagged: ONNX and GraphDef tell whole numbers from real ones. */
export type OperatorAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly flag: boolean }
  | { readonly ints: readonly number[] }
  | { readonly text: string }
  | { readonly dtype: DType };

/**
 * The target of lowerings, implemented by each runtime. The same call twice returns the same value, so
 * lowerings need not share by hand.
 */
export interface Emit {
  /**
   * Applies an operator of the runtime, "MatMul" or, in ONNX with its domain, "com.microsoft.FusedMatMul".
   * `output`: which of its outputs.
   */
  apply(
    operator: string,
    inputs: readonly Value[],
    attributes?: Readonly<Record<string, OperatorAttribute>>,
    output?: number,
  ): Value;
  /** An input of the program, fed at each run. */
  input(name: string, dtype: DType, shape: Shape): Value;
  constant(dtype: DType, shape: readonly number[], values: readonly number[]): Value;
  /**
   * A vector of sizes, known or computed from the shapes of the feeds at each run: of the integers that the
   * runtime takes them in.
   */
  sizes(dimensions: readonly Dimension[]): Value;
}

/** How one op is written for one runtime. */
export type Lowering = (emit: Emit, of: readonly Value[], node: Node) => Value;
