import { flagAt, numberAt } from '../attribute.ts';
import { productOf } from '../dimension.ts';
import type { Lowering } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { broadcast, nodeOf, refuse, requireDType, sizeOf } from '../shape.ts';
import { scalar, typed } from '../tensorflow-operator.ts';
import { reshape, sumTo } from './layout.ts';

/** Products of matrices in the last two axes; the axes before them broadcast. */
export const shapes = {
  MatMul: (of, attributes) => {
    const [left, right] = exactly('MatMul', of, 2);
    requireDType('MatMul', of, left, 'float32', 'bfloat16');
    requireDType('MatMul', of, right, left.dtype);
    if (left.shape.length < 2 || right.shape.length < 2) refuse('MatMul', of, 'both need at least two axes');
    const [rows, inner] = flagAt(attributes, 'transposeA')
      ? [sizeOf(left, -1), sizeOf(left, -2)]
      : [sizeOf(left, -2), sizeOf(left, -1)];
    const [innerRight, columns] = flagAt(attributes, 'transposeB')
      ? [sizeOf(right, -1), sizeOf(right, -2)]
      : [sizeOf(right, -2), sizeOf(right, -1)];
    if (inner !== innerRight) refuse('MatMul', of, `the inner sizes differ: ${inner} and ${innerRight}`);
    const batch = broadcast('MatMul', [
      { ...left, shape: left.shape.slice(0, -2) },
      { ...right, shape: right.shape.slice(0, -2) },
    ]);
    return { dtype: left.dtype, shape: [...batch, rows, columns] };
  },
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

export interface MatMulOptions {
  /** Use the transpose of the last two axes of the left operand. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Factor of the result. */
  readonly scale?: number;
}

/** scale * left x right. [..., m, k] x [..., k, n] -> [..., m, n] */
export function matmul(
  left: Node,
  right: Node,
  { transposeA = false, transposeB = false, scale = 1 }: MatMulOptions = {},
): Node {
  const attributes = { transposeA, transposeB, scale };
  return nodeOf('MatMul', [left, right], shapes.MatMul([left, right], attributes), attributes);
}

export const gradients = {
  MatMul: (node, upstream) => {
    const [a, b] = inputsOf(node, 2);
    const [transposeA, transposeB, scale] = [
      flagAt(node.attributes, 'transposeA'),
      flagAt(node.attributes, 'transposeB'),
      numberAt(node.attributes, 'scale'),
    ];
    const ofA = transposeA
      ? matmul(b, upstream, { transposeA: transposeB, transposeB: true, scale })
      : matmul(upstream, b, { transposeB: !transposeB, scale });
    return [sumTo(ofA, a.shape), gradientOfRight(a, b, upstream, { transposeA, transposeB, scale })];
  },
} satisfies Record<Op, GradientRule>;

/**
 * A weight that all of a batch share: its gradient is one product over all rows, not a sum of one product a
 * batch entry.
 */
function gradientOfRight(
  a: Node,
  b: Node,
  upstream: Node,
  { transposeA, transposeB, scale }: Required<MatMulOptions>,
): Node {
  const shared = b.shape.length === 2 && a.shape.length > 2 && !transposeA;
  const [left, up] = shared ? [asRows(a), asRows(upstream)] : [a, upstream];
  const ofB = transposeB
    ? matmul(up, left, { transposeA: true, transposeB: transposeA, scale })
    : matmul(left, up, { transposeA: !transposeA, scale });
  return sumTo(ofB, b.shape);
}

/** [..., m, k] -> [rows, k] */
const asRows = (x: Node): Node => reshape(x, [productOf(x.shape.slice(0, -1)), sizeOf(x, -1)]);

export const onnx = {
  MatMul: (emit, of, { attributes }) => {
    const [transposeA, transposeB, scale] = [
      flagAt(attributes, 'transposeA'),
      flagAt(attributes, 'transposeB'),
      numberAt(attributes, 'scale'),
    ];
    if (!transposeA && !transposeB && scale === 1) return emit.apply('MatMul', of);
    return emit.apply('com.microsoft.FusedMatMul', of, {
      transA: { int: transposeA ? 1 : 0 },
      transB: { int: transposeB ? 1 : 0 },
      alpha: { float: scale },
    });
  },
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  MatMul: (emit, of, { attributes, dtype, inputs }) => {
    const [a, b] = [flagAt(attributes, 'transposeA'), flagAt(attributes, 'transposeB')];
    const product = inputs.every(({ shape }) => shape.length === 2)
      ? typed(emit, 'MatMul', of, dtype, { transpose_a: { flag: a }, transpose_b: { flag: b } })
      : typed(emit, 'BatchMatMulV2', of, dtype, { adj_x: { flag: a }, adj_y: { flag: b } });
    const scale = numberAt(attributes, 'scale');
    return scale === 1 ? product : typed(emit, 'Mul', [product, scalar(emit, scale)]);
  },
} satisfies Record<Op, Lowering>;
