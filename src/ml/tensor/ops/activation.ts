import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { nodeOf, requireDType, type TensorType } from '../shape.ts';
import { scalar, typed } from '../tensorflow-operator.ts';
import { add, erf, exp, multiply, sigmoid, square, subtract } from './elementwise.ts';

/** Activations with an operator of their own in the runtimes; the others are elementwise. */
export const shapes = {
  GeluTanh: (of) => real('GeluTanh', of),
  GeluErf: (of) => real('GeluErf', of),
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

function real(op: string, of: readonly TensorType[]): TensorType {
  const [x] = exactly(op, of, 1);
  requireDType(op, of, x, 'float32');
  return { dtype: x.dtype, shape: x.shape };
}

/**
 * x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x³))): transformers' "gelu_new", mT5's gate (Hendrycks and
 * Gimpel 2016).
 */
export const geluTanh = (x: Node): Node => nodeOf('GeluTanh', [x], shapes.GeluTanh([x]));

/** x/2 * (1 + erf(x / sqrt 2)): "gelu", BERT's. */
export const geluErf = (x: Node): Node => nodeOf('GeluErf', [x], shapes.GeluErf([x]));

export const gradients = {
  // With (1 + tanh(u))/2 = sigmoid(2u) =: s, gelu = x s, and its derivative s + gelu (1 - s) 2u'.
  GeluTanh: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    const root = 2 * Math.sqrt(2 / Math.PI);
    const squared = square(x);
    const s = sigmoid(multiply(x, add(multiply(squared, root * 0.044715), root)));
    const innerDerivative = add(multiply(squared, 3 * root * 0.044715), root);
    return [multiply(upstream, add(s, multiply(multiply(node, subtract(1, s)), innerDerivative)))];
  },
  GeluErf: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    const cumulative = add(multiply(erf(multiply(x, Math.SQRT1_2)), 0.5), 0.5);
    const density = multiply(exp(multiply(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [multiply(upstream, add(cumulative, multiply(x, density)))];
  },
} satisfies Record<Op, GradientRule>;

export const onnx = {
  GeluTanh: (emit, of) => emit.apply('com.microsoft.FastGelu', of),
  GeluErf: (emit, of) => emit.apply('com.microsoft.Gelu', of),
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  GeluTanh: (emit, of) => {
    const [x] = exactly('GeluTanh', of, 1);
    const root = Math.sqrt(2 / Math.PI);
    const squared = typed(emit, 'Mul', [typed(emit, 'Square', [x]), scalar(emit, root * 0.044715)]);
    const inner = typed(emit, 'Mul', [x, typed(emit, 'AddV2', [squared, scalar(emit, root)])]);
    return halved(emit, x, typed(emit, 'Tanh', [inner]));
  },
  GeluErf: (emit, of) => {
    const [x] = exactly('GeluErf', of, 1);
    return halved(emit, x, typed(emit, 'Erf', [typed(emit, 'Mul', [x, scalar(emit, Math.SQRT1_2)])]));
  },
} satisfies Record<Op, Lowering>;

/** x / 2 * (1 + y) */
const halved = (emit: Emit, x: Value, y: Value): Value =>
  typed(emit, 'Mul', [
    typed(emit, 'Mul', [x, scalar(emit, 0.5)]),
    typed(emit, 'AddV2', [y, scalar(emit, 1)]),
  ]);
