import { flagAt, numberAt } from '../attribute.ts';
import { productOf } from '../dimension.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { broadcast, nodeOf, refuse, requireDType, sizeOf, type TensorType } from '../shape.ts';
import { scalar, typed } from '../tensorflow-operator.ts';
import { reshape, sumTo, transpose } from './layout.ts';

/** Products of matrices in the last two axes; the axes before them broadcast. */
export const shapes = {
  MatMul: (of, attributes) => {
    const [given, givenRight] = exactly('MatMul', of, 2);
    requireDType('MatMul', of, given, 'float32', 'bfloat16');
    requireDType('MatMul', of, givenRight, given.dtype);
    if (given.shape.length < 2 || givenRight.shape.length < 2)
      refuse('MatMul', of, 'both need at least two axes');
    const left = flagAt(attributes, 'rowsFirstA') ? batchFirst(of, given) : given;
    const right = flagAt(attributes, 'rowsFirstB') ? batchFirst(of, givenRight) : givenRight;
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

/** [rows, batch, inner] -> [batch, rows, inner] */
function batchFirst(of: readonly TensorType[], x: TensorType): TensorType {
  if (of.some(({ shape }) => shape.length !== 3)) refuse('MatMul', of, 'rows come first only in three axes');
  return { dtype: x.dtype, shape: [sizeOf(x, 1), sizeOf(x, 0), sizeOf(x, 2)] };
}

export interface MatMulOptions {
  /** Use the transpose of the last two axes of the left operand. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /**
   * The left operand is [rows, batch, inner], as the heads of a token are stored, in place of [batch, rows,
   * inner]; `transposeA` counts after that. Both operands have three axes then.
   */
  readonly rowsFirstA?: boolean;
  readonly rowsFirstB?: boolean;
  /** Factor of the result. */
  readonly scale?: number;
}

/** scale * left x right. [..., m, k] x [..., k, n] -> [..., m, n] */
export function matmul(
  left: Node,
  right: Node,
  {
    transposeA = false,
    transposeB = false,
    rowsFirstA = false,
    rowsFirstB = false,
    scale = 1,
  }: MatMulOptions = {},
): Node {
  const attributes = { transposeA, transposeB, rowsFirstA, rowsFirstB, scale };
  return nodeOf('MatMul', [left, right], shapes.MatMul([left, right], attributes), attributes);
}

export const gradients = {
  MatMul: (node, upstream) => {
    const [transposeA, transposeB, scale] = [
      flagAt(node.attributes, 'transposeA'),
      flagAt(node.attributes, 'transposeB'),
      numberAt(node.attributes, 'scale'),
    ];
    const [a, b] = [ordered(node, 0), ordered(node, 1)];
    const ofA = transposeA
      ? matmul(b, upstream, { transposeA: transposeB, transposeB: true, scale })
      : matmul(upstream, b, { transposeB: !transposeB, scale });
    const ofB = gradientOfRight(a, b, upstream, { transposeA, transposeB, scale });
    return [sumTo(ofA, a.shape), ofB].map((x, index) => (rowsFirst(node, index) ? swapped(x) : x));
  },
} satisfies Record<Op, GradientRule>;

const rowsFirst = ({ attributes }: Node, index: number): boolean =>
  flagAt(attributes, index === 0 ? 'rowsFirstA' : 'rowsFirstB');

/** An operand with its batch axis first. */
function ordered(node: Node, index: 0 | 1): Node {
  const x = inputsOf(node, 2)[index];
  return rowsFirst(node, index) ? swapped(x) : x;
}

const swapped = (x: Node): Node => transpose(x, swap);
const swap = [1, 0, 2];

/**
 * A weight that all of a batch share: its gradient is one product over all rows, not a sum of one product a
 * batch entry.
 */
function gradientOfRight(
  a: Node,
  b: Node,
  upstream: Node,
  { transposeA, transposeB, scale }: Required<Pick<MatMulOptions, 'transposeA' | 'transposeB' | 'scale'>>,
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
    const flags = Object.entries({
      transA: 'transposeA',
      transB: 'transposeB',
      transBatchA: 'rowsFirstA',
      transBatchB: 'rowsFirstB',
    }).filter(([, name]) => flagAt(attributes, name));
    const scale = numberAt(attributes, 'scale');
    if (flags.length === 0 && scale === 1) return emit.apply('MatMul', of);
    return emit.apply('com.microsoft.FusedMatMul', of, {
      ...Object.fromEntries(flags.map(([flag]) => [flag, { int: 1 }])),
      alpha: { float: scale },
    });
  },
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  MatMul: (emit, given, node) => {
    const { attributes, dtype, inputs } = node;
    const [a, b] = [flagAt(attributes, 'transposeA'), flagAt(attributes, 'transposeB')];
    const of = given.map((x, index) => (rowsFirst(node, index) ? swappedIn(emit, x, node) : x));
    const product = inputs.every(({ shape }) => shape.length === 2)
      ? typed(emit, 'MatMul', of, dtype, { transpose_a: { flag: a }, transpose_b: { flag: b } })
      : typed(emit, 'BatchMatMulV2', of, dtype, { adj_x: { flag: a }, adj_y: { flag: b } });
    const scale = numberAt(attributes, 'scale');
    return scale === 1 ? product : typed(emit, 'Mul', [product, scalar(emit, scale)]);
  },
} satisfies Record<Op, Lowering>;

const swappedIn = (emit: Emit, x: Value, { dtype }: Node): Value =>
  typed(emit, 'Transpose', [x, emit.sizes(swap)], dtype, { Tperm: { dtype: 'int32' } });
