import { elementCount } from '../../element-count.ts';
import { dtypeAt, numbersAt, shapeAt, textAt } from '../attribute.ts';
import type { Lowering } from '../emit.ts';
import type { DType, Node, Shape } from '../node.ts';
import type { OpName } from '../op.ts';
import type { GradientRule, ShapeRule } from '../rule.ts';
import { canonicalShape, nodeOf } from '../shape.ts';

/** Sources of values: feeds of each run, and constants known when the graph is built. */
export const shapes = {
  Input: (_, attributes) => ({ dtype: dtypeAt(attributes, 'dtype'), shape: shapeAt(attributes, 'shape') }),
  Constant: (_, attributes) => ({ dtype: dtypeAt(attributes, 'dtype'), shape: shapeAt(attributes, 'shape') }),
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

/** A value fed at each run. Named dimensions take their sizes from the shapes of the feeds. */
export function input(name: string, dtype: DType, shape: Shape): Node {
  const attributes = { name, dtype, shape: canonicalShape(shape) };
  return nodeOf('Input', [], shapes.Input([], attributes), attributes);
}

/**
 * A small known tensor, values in row-major order; one value fills the shape. Weights are inputs, not
 * constants.
 */
export function constant(
  values: number | readonly number[],
  shape: readonly number[] = typeof values === 'number' ? [] : [values.length],
  dtype: DType = 'float32',
): Node {
  const length = elementCount(shape);
  const list = typeof values === 'number' ? Array.from({ length }, () => values) : values;
  if (list.length !== length)
    throw new Error(`Constant: ${list.length} values for the shape [${shape.join(', ')}]`);
  const attributes = { values: list, dtype, shape };
  return nodeOf('Constant', [], shapes.Constant([], attributes), attributes);
}

/** An operand of an elementwise builder: a number is a scalar of the other operand's dtype. */
export type Operand = Node | number;

/** Is it a constant whose elements are all `value`? */
export const isConstant = (node: Node, value: number): boolean =>
  node.op === 'Constant' && numbersAt(node.attributes, 'values').every((each) => each === value);

export const gradients = {
  Input: () => [],
  Constant: () => [],
} satisfies Record<Op, GradientRule>;

export const onnx = {
  Input: (emit, _, { attributes, dtype, shape }) => emit.input(textAt(attributes, 'name'), dtype, shape),
  Constant: (emit, _, { attributes, dtype }) =>
    emit.constant(dtype, numbersAt(attributes, 'shape'), numbersAt(attributes, 'values')),
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  Input: (emit, _, { attributes, dtype, shape }) => emit.input(textAt(attributes, 'name'), dtype, shape),
  Constant: (emit, _, { attributes, dtype }) =>
    emit.constant(dtype, numbersAt(attributes, 'shape'), numbersAt(attributes, 'values')),
} satisfies Record<Op, Lowering>;
