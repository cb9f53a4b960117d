import { flagAt, numbersAt } from '../attribute.ts';
import { productOf } from '../dimension.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { nodeOf, sizeOf } from '../shape.ts';
import { reduced } from '../tensorflow-operator.ts';
import { cast, divide, equal, multiply } from './elementwise.ts';
import { axesOf, expand, keptShape, reducedType, reduceSum, reshape } from './layout.ts';
import { constant, type Operand } from './source.ts';

/** Reductions that are not linear sums; ReduceSum itself is in layout.ts, since broadcasting needs it. */
export const shapes = {
  ReduceMean: (of, attributes) => reducedType('ReduceMean', of, attributes),
  ReduceMax: (of, attributes) => reducedType('ReduceMax', of, attributes),
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

function reduce(op: Op, x: Node, axes: readonly number[] | undefined, keepDimensions: boolean): Node {
  const attributes = { axes: axesOf(op, x, axes), keepDimensions };
  return nodeOf(op, [x], shapes[op]([x], attributes), attributes);
}

/** The mean over some axes (default: all). */
export const reduceMean = (x: Node, axes?: readonly number[], keepDimensions = false): Node =>
  reduce('ReduceMean', x, axes, keepDimensions);

/** The largest element over some axes (default: all). */
export const reduceMax = (x: Node, axes?: readonly number[], keepDimensions = false): Node =>
  reduce('ReduceMax', x, axes, keepDimensions);

export const gradients = {
  ReduceMean: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    const axes = numbersAt(node.attributes, 'axes');
    return [expand(divide(reshape(upstream, keptShape(x, axes)), countAlong(x, axes)), x.shape)];
  },
  /** Equal largest elements share it evenly, as PyTorch's amax does. */
  ReduceMax: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    const axes = numbersAt(node.attributes, 'axes');
    const largest = cast(equal(x, reshape(node, keptShape(x, axes))), 'float32');
    return [multiply(divide(largest, reduceSum(largest, axes, true)), reshape(upstream, keptShape(x, axes)))];
  },
} satisfies Record<Op, GradientRule>;

/** How many elements a reduction takes together: where the size is named, the sum of as many ones. */
function countAlong(x: Node, axes: readonly number[]): Operand {
  const sizes = axes.map((axis) => sizeOf(x, axis));
  const count = productOf(sizes);
  return typeof count === 'number' ? count : reduceSum(expand(constant(1), sizes));
}

export const onnx = {
  ReduceMean: (emit, of, node) => lower('ReduceMean', emit, of, node),
  ReduceMax: (emit, of, node) => lower('ReduceMax', emit, of, node),
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  ReduceMean: (emit, of, node) => reducedBy('Mean', emit, of, node),
  ReduceMax: (emit, of, node) => reducedBy('Max', emit, of, node),
} satisfies Record<Op, Lowering>;

const reducedBy = (
  operator: 'Mean' | 'Max',
  emit: Emit,
  of: readonly Value[],
  { attributes, dtype, op }: Node,
): Value =>
  reduced(emit, operator, exactly(op, of, 1)[0], numbersAt(attributes, 'axes'), {
    keep: flagAt(attributes, 'keepDimensions'),
    dtype,
  });

const lower = (operator: string, emit: Emit, of: readonly Value[], { attributes }: Node): Value =>
  emit.apply(operator, [...of, emit.sizes(numbersAt(attributes, 'axes'))], {
    keepdims: { int: flagAt(attributes, 'keepDimensions') ? 1 : 0 },
  });
