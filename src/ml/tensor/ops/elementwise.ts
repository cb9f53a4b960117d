import { dtypeAt } from '../attribute.ts';
import type { Lowering } from '../emit.ts';
import type { DType, Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { converted, isEqual, typed } from '../tensorflow-operator.ts';
import { broadcast, nodeOf, refuse, requireDType, type TensorType } from '../shape.ts';
import { reshape, sumTo } from './layout.ts';
import { constant, type Operand } from './source.ts';

/** Ops that compute each element from the elements at its place; shapes broadcast. */
export const shapes = {
  Add: (of) => arithmetic('Add', of),
  Subtract: (of) => arithmetic('Subtract', of),
  Multiply: (of) => arithmetic('Multiply', of),
  Divide: (of) => arithmetic('Divide', of),
  Maximum: (of) => arithmetic('Maximum', of),
  Equal: (of) => ({ dtype: 'bool', shape: arithmetic('Equal', of).shape }),
  Less: (of) => ({ dtype: 'bool', shape: arithmetic('Less', of).shape }),
  Where: (of) => {
    const [condition, yes, no] = exactly('Where', of, 3);
    requireDType('Where', of, condition, 'bool');
    requireDType('Where', of, no, yes.dtype);
    return { dtype: yes.dtype, shape: broadcast('Where', of) };
  },
  Negate: (of) => real('Negate', of),
  Exp: (of) => real('Exp', of),
  Log: (of) => real('Log', of),
  Sqrt: (of) => real('Sqrt', of),
  Tanh: (of) => real('Tanh', of),
  Sigmoid: (of) => real('Sigmoid', of),
  Erf: (of) => real('Erf', of),
  Relu: (of) => real('Relu', of),
  Square: (of) => real('Square', of),
  Reciprocal: (of) => real('Reciprocal', of),
  Cast: (of, attributes) => ({ dtype: dtypeAt(attributes, 'dtype'), shape: exactly('Cast', of, 1)[0].shape }),
  StopGradient: (of) => exactly('StopGradient', of, 1)[0],
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

function arithmetic(op: string, of: readonly TensorType[]): TensorType {
  const [left, right] = exactly(op, of, 2);
  if (left.dtype !== right.dtype) refuse(op, of, 'the dtypes differ: cast one of them');
  return { dtype: left.dtype, shape: broadcast(op, of) };
}

function real(op: string, of: readonly TensorType[]): TensorType {
  const [x] = exactly(op, of, 1);
  requireDType(op, of, x, 'float32');
  return { dtype: x.dtype, shape: x.shape };
}

type Unary =
  | 'Negate'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Tanh'
  | 'Sigmoid'
  | 'Erf'
  | 'Relu'
  | 'Square'
  | 'Reciprocal'
  | 'StopGradient';

const unary = (op: Unary, x: Node): Node => nodeOf(op, [x], shapes[op]([x]));

function binary(
  op: 'Add' | 'Subtract' | 'Multiply' | 'Divide' | 'Maximum' | 'Equal' | 'Less',
  left: Operand,
  right: Operand,
): Node {
  const of = operands(left, right);
  return nodeOf(op, of, shapes[op](of));
}

/** A number takes the dtype of the node beside it. */
function operands(left: Operand, right: Operand): readonly [Node, Node] {
  if (typeof left !== 'number')
    return [left, typeof right === 'number' ? constant(right, [], left.dtype) : right];
  return typeof right === 'number'
    ? [constant(left), constant(right)]
    : [constant(left, [], right.dtype), right];
}

/** `left + right`, broadcast. */
export const add = (left: Operand, right: Operand): Node => binary('Add', left, right);
/** The sum of at least one node. */
export const addAll = (nodes: readonly Node[]): Node => nodes.reduce((sum, node) => add(sum, node));
/** `left - right`, broadcast. */
export const subtract = (left: Operand, right: Operand): Node => binary('Subtract', left, right);
/** `left * right`, broadcast. */
export const multiply = (left: Operand, right: Operand): Node => binary('Multiply', left, right);
/** Integers are divided as C does. */
export const divide = (left: Operand, right: Operand): Node => binary('Divide', left, right);
/** The greater of two elements, broadcast. */
export const maximum = (left: Operand, right: Operand): Node => binary('Maximum', left, right);
/** Booleans: whether two elements are equal, broadcast. */
export const equal = (left: Operand, right: Operand): Node => binary('Equal', left, right);
/** Booleans: whether `left < right`, broadcast. */
export const less = (left: Operand, right: Operand): Node => binary('Less', left, right);
/** `-x` */
export const negate = (x: Node): Node => unary('Negate', x);
/** e to the power of x. */
export const exp = (x: Node): Node => unary('Exp', x);
/** The natural logarithm. */
export const log = (x: Node): Node => unary('Log', x);
/** The square root. */
export const sqrt = (x: Node): Node => unary('Sqrt', x);
/** The hyperbolic tangent. */
export const tanh = (x: Node): Node => unary('Tanh', x);
/** `1 / (1 + exp(-x))` */
export const sigmoid = (x: Node): Node => unary('Sigmoid', x);
/** The error function. */
export const erf = (x: Node): Node => unary('Erf', x);
/** x where it is positive, else 0. */
export const relu = (x: Node): Node => unary('Relu', x);
/** `x * x` */
export const square = (x: Node): Node => unary('Square', x);
/** `1 / x` */
export const reciprocal = (x: Node): Node => unary('Reciprocal', x);

/** Elements of `yes` where the condition holds, of `no` elsewhere. */
export function where(condition: Node, yes: Operand, no: Operand): Node {
  const of = [condition, ...operands(yes, no)];
  return nodeOf('Where', of, shapes.Where(of));
}

/** The same numbers as another dtype: real numbers are cut towards zero, bits of 32-bit integers are kept. */
export function cast(x: Node, dtype: DType): Node {
  return x.dtype === dtype ? x : nodeOf('Cast', [x], shapes.Cast([x], { dtype }), { dtype });
}

/** The same value, a constant to differentiation. */
export const stopGradient = (x: Node): Node => unary('StopGradient', x);

/**
 * 1 where the last axis' position is the index, else 0; an index outside gives zeros. indices int32 [...] ->
 * float32 [..., depth]
 */
export function oneHot(indices: Node, depth: number): Node {
  const positions = constant(
    Array.from({ length: depth }, (_, i) => i),
    [depth],
    indices.dtype,
  );
  return cast(equal(reshape(indices, [...indices.shape, 1]), positions), 'float32');
}

export const gradients = {
  Add: (node, upstream) => node.inputs.map((x) => sumTo(upstream, x.shape)),
  Subtract: (node, upstream) => {
    const [left, right] = inputsOf(node, 2);
    return [sumTo(upstream, left.shape), negate(sumTo(upstream, right.shape))];
  },
  Multiply: (node, upstream) => {
    const [left, right] = inputsOf(node, 2);
    return [sumTo(multiply(upstream, right), left.shape), sumTo(multiply(upstream, left), right.shape)];
  },
  Divide: (node, upstream) => {
    const [left, right] = inputsOf(node, 2);
    return [
      sumTo(divide(upstream, right), left.shape),
      sumTo(negate(divide(multiply(upstream, node), right)), right.shape),
    ];
  },
  Maximum: (node, upstream) => {
    const [left, right] = inputsOf(node, 2);
    const rightIsMore = less(left, right); // equal elements: all of it goes to the left one
    return [
      sumTo(where(rightIsMore, 0, upstream), left.shape),
      sumTo(where(rightIsMore, upstream, 0), right.shape),
    ];
  },
  Equal: () => [undefined, undefined],
  Less: () => [undefined, undefined],
  Where: (node, upstream) => {
    const [condition, yes, no] = inputsOf(node, 3);
    return [
      undefined,
      sumTo(where(condition, upstream, 0), yes.shape),
      sumTo(where(condition, 0, upstream), no.shape),
    ];
  },
  Negate: (_, upstream) => [negate(upstream)],
  Exp: (node, upstream) => [multiply(upstream, node)],
  Log: (node, upstream) => [divide(upstream, inputsOf(node, 1)[0])],
  Sqrt: (node, upstream) => [divide(multiply(upstream, 0.5), node)],
  Tanh: (node, upstream) => [multiply(upstream, subtract(1, square(node)))],
  Sigmoid: (node, upstream) => [multiply(upstream, multiply(node, subtract(1, node)))],
  Erf: (node, upstream) => [
    multiply(upstream, multiply(exp(negate(square(inputsOf(node, 1)[0]))), 2 / Math.sqrt(Math.PI))),
  ],
  Relu: (node, upstream) => [where(less(0, node), upstream, 0)],
  Square: (node, upstream) => [multiply(upstream, multiply(inputsOf(node, 1)[0], 2))],
  Reciprocal: (node, upstream) => [negate(multiply(upstream, square(node)))],
  Cast: (node, upstream) => [isReal(node) && isReal(inputsOf(node, 1)[0]) ? upstream : undefined],
  StopGradient: () => [undefined],
} satisfies Record<Op, GradientRule>;

const isReal = (x: TensorType): boolean => x.dtype === 'float32';

export const onnx = {
  Add: (emit, of) => emit.apply('Add', of),
  Subtract: (emit, of) => emit.apply('Sub', of),
  Multiply: (emit, of) => emit.apply('Mul', of),
  Divide: (emit, of) => emit.apply('Div', of),
  Maximum: (emit, of) => emit.apply('Max', of),
  Equal: (emit, of) => emit.apply('Equal', of),
  Less: (emit, of) => emit.apply('Less', of),
  Where: (emit, of) => emit.apply('Where', of),
  Negate: (emit, of) => emit.apply('Neg', of),
  Exp: (emit, of) => emit.apply('Exp', of),
  Log: (emit, of) => emit.apply('Log', of),
  Sqrt: (emit, of) => emit.apply('Sqrt', of),
  Tanh: (emit, of) => emit.apply('Tanh', of),
  Sigmoid: (emit, of) => emit.apply('Sigmoid', of),
  Erf: (emit, of) => emit.apply('Erf', of),
  Relu: (emit, of) => emit.apply('Relu', of),
  Square: (emit, of) => emit.apply('Mul', [...of, ...of]),
  Reciprocal: (emit, of) => emit.apply('Reciprocal', of),
  Cast: (emit, of, { dtype }) => emit.apply('Cast', of, { to: { dtype } }),
  StopGradient: (_, of) => exactly('StopGradient', of, 1)[0],
} satisfies Record<Op, Lowering>;

/** Shapes broadcast in all of them: SelectV2 does, Select does not. */
export const tensorflow = {
  Add: (emit, of, { dtype }) => typed(emit, 'AddV2', of, dtype),
  Subtract: (emit, of, { dtype }) => typed(emit, 'Sub', of, dtype),
  Multiply: (emit, of, { dtype }) => typed(emit, 'Mul', of, dtype),
  Divide: (emit, of, { dtype }) => typed(emit, dtype === 'float32' ? 'RealDiv' : 'TruncateDiv', of, dtype),
  Maximum: (emit, of, { dtype }) => typed(emit, 'Maximum', of, dtype),
  Equal: (emit, of, node) => isEqual(emit, of, inputsOf(node, 2)[0].dtype),
  Less: (emit, of, node) => typed(emit, 'Less', of, inputsOf(node, 2)[0].dtype),
  Where: (emit, of, { dtype }) => typed(emit, 'SelectV2', of, dtype),
  Negate: (emit, of) => typed(emit, 'Neg', of),
  Exp: (emit, of) => typed(emit, 'Exp', of),
  Log: (emit, of) => typed(emit, 'Log', of),
  Sqrt: (emit, of) => typed(emit, 'Sqrt', of),
  Tanh: (emit, of) => typed(emit, 'Tanh', of),
  Sigmoid: (emit, of) => typed(emit, 'Sigmoid', of),
  Erf: (emit, of) => typed(emit, 'Erf', of),
  Relu: (emit, of) => typed(emit, 'Relu', of),
  Square: (emit, of) => typed(emit, 'Square', of),
  Reciprocal: (emit, of) => typed(emit, 'Reciprocal', of),
  Cast: (emit, of, node) => {
    const [{ dtype: from }] = inputsOf(node, 1);
    return isWord(from) && isWord(node.dtype)
      ? typed(emit, 'Bitcast', of, from, { type: { dtype: node.dtype } })
      : converted(emit, exactly('Cast', of, 1)[0], from, node.dtype);
  },
  StopGradient: (_, of) => exactly('StopGradient', of, 1)[0],
} satisfies Record<Op, Lowering>;

/** A 32-bit integer: a cast between these keeps its bits. */
const isWord = (dtype: DType): boolean => dtype === 'int32' || dtype === 'uint32';
