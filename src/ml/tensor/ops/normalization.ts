import { numberAt } from '../attribute.ts';
import type { Emit, Lowering, OperatorAttribute, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { nodeOf, refuse, requireDType, sameShape, sizeOf, type TensorType } from '../shape.ts';
import { reduced, scalar, typed } from '../tensorflow-operator.ts';
import { add, exp, multiply, reciprocal, sqrt, square, subtract } from './elementwise.ts';
import { reduceSum, sumTo } from './layout.ts';
import { reduceMean } from './reduction.ts';

/** Ops that relate the elements of the last axis to each other. */
export const shapes = {
  Softmax: (of) => rows('Softmax', of, 0),
  LogSoftmax: (of) => rows('LogSoftmax', of, 0),
  RmsNorm: (of) => rows('RmsNorm', of, 1),
  InverseRms: (of) => {
    const [x] = exactly('InverseRms', of, 2);
    return { dtype: rows('InverseRms', of, 1).dtype, shape: x.shape.with(x.shape.length - 1, 1) };
  },
  LayerNorm: (of) => rows('LayerNorm', of, 2),
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

/** The type of the first input, checked: real, with a last axis that the `weights` after it have too. */
function rows(op: string, of: readonly TensorType[], weights: number): TensorType {
  const [x] = of;
  if (x === undefined || of.length !== 1 + weights) return refuse(op, of, `expected ${1 + weights} inputs`);
  if (x.shape.length === 0) refuse(op, of, 'a scalar has no last axis');
  for (const each of of) requireDType(op, of, each, 'float32');
  for (const weight of of.slice(1))
    if (!sameShape(weight.shape, [sizeOf(x, -1)])) refuse(op, of, 'the weight does not have the last axis');
  return { dtype: x.dtype, shape: x.shape };
}

/** Along the last axis. A row of -Infinity gives NaN, as everywhere. */
export const softmax = (x: Node): Node => nodeOf('Softmax', [x], shapes.Softmax([x]));

/** The logarithm of softmax, along the last axis. */
export const logSoftmax = (x: Node): Node => nodeOf('LogSoftmax', [x], shapes.LogSoftmax([x]));

/**
 * x / sqrt(mean(x²) + epsilon) * weight, along the last axis (Zhang and Sennrich 2019, as T5LayerNorm). x
 * [..., d], weight [d]
 */
export const rmsNorm = (x: Node, weight: Node, epsilon: number): Node =>
  nodeOf('RmsNorm', [x, weight], shapes.RmsNorm([x, weight]), { epsilon });

/** 1 / sqrt(mean(x²) + epsilon) -> [..., 1]. The weight only makes it the very operator that rmsNorm runs. */
const inverseRms = (x: Node, weight: Node, epsilon: number): Node =>
  nodeOf('InverseRms', [x, weight], shapes.InverseRms([x, weight]), { epsilon });

/**
 * (x - mean) / sqrt(variance + epsilon) * weight + bias, along the last axis (Ba et al. 2016). x [..., d],
 * weight and bias [d]
 */
export const layerNorm = (x: Node, weight: Node, bias: Node, epsilon: number): Node =>
  nodeOf('LayerNorm', [x, weight, bias], shapes.LayerNorm([x, weight, bias]), { epsilon });

export const gradients = {
  Softmax: (node, upstream) => {
    const weighted = multiply(upstream, node);
    return [subtract(weighted, multiply(node, reduceSum(weighted, [-1], true)))];
  },
  LogSoftmax: (node, upstream) => [subtract(upstream, multiply(exp(node), reduceSum(upstream, [-1], true)))],
  RmsNorm: (node, upstream) => {
    const [x, weight] = inputsOf(node, 2);
    const scale = inverseRms(x, weight, numberAt(node.attributes, 'epsilon'));
    const normal = multiply(x, scale);
    return [
      centred(normal, multiply(upstream, weight), scale),
      sumTo(multiply(upstream, normal), weight.shape),
    ];
  },
  InverseRms: (node, upstream) => {
    const [x] = inputsOf(node, 2);
    const size = sizeOf(x, -1);
    if (typeof size !== 'number') return refuse('InverseRms', [x], 'the size of the last axis must be known');
    return [multiply(x, multiply(multiply(upstream, multiply(square(node), node)), -1 / size)), undefined];
  },
  LayerNorm: (node, upstream) => {
    const [x, weight, bias] = inputsOf(node, 3);
    const deviation = subtract(x, reduceMean(x, [-1], true));
    const scale = reciprocal(
      sqrt(add(reduceMean(square(deviation), [-1], true), numberAt(node.attributes, 'epsilon'))),
    );
    const normal = multiply(deviation, scale);
    const ofX = centred(normal, multiply(upstream, weight), scale);
    return [
      subtract(ofX, reduceMean(ofX, [-1], true)),
      sumTo(multiply(upstream, normal), weight.shape),
      sumTo(upstream, bias.shape),
    ];
  },
} satisfies Record<Op, GradientRule>;

/**
 * The part of a gradient that passes through scaling a row to unit length: the component along the row is
 * removed.
 */
const centred = (normal: Node, upstream: Node, scale: Node): Node =>
  multiply(subtract(upstream, multiply(normal, reduceMean(multiply(upstream, normal), [-1], true))), scale);

export const onnx = {
  Softmax: (emit, of) => emit.apply('Softmax', of, { axis: { int: -1 } }),
  LogSoftmax: (emit, of) => emit.apply('LogSoftmax', of, { axis: { int: -1 } }),
  RmsNorm: (emit, of, node) => emit.apply('SimplifiedLayerNormalization', of, attributesOf(node)),
  InverseRms: (emit, of, node) => emit.apply('SimplifiedLayerNormalization', of, attributesOf(node), 1),
  LayerNorm: (emit, of, node) => emit.apply('LayerNormalization', of, attributesOf(node)),
} satisfies Record<Op, Lowering>;

const attributesOf = ({ attributes }: Node): Readonly<Record<string, OperatorAttribute>> => ({
  axis: { int: -1 },
  epsilon: { float: numberAt(attributes, 'epsilon') },
});

/** TensorFlow has no fused norm: the emitter shares the root between RmsNorm and InverseRms. */
export const tensorflow = {
  Softmax: (emit, of) => typed(emit, 'Softmax', of),
  LogSoftmax: (emit, of) => typed(emit, 'LogSoftmax', of),
  RmsNorm: (emit, of, node) => {
    const [x, weight] = exactly('RmsNorm', of, 2);
    return typed(emit, 'Mul', [
      typed(emit, 'Mul', [x, inverseRoot(emit, x, inputsOf(node, 2)[0], node)]),
      weight,
    ]);
  },
  InverseRms: (emit, of, node) =>
    inverseRoot(emit, exactly('InverseRms', of, 2)[0], inputsOf(node, 2)[0], node),
  LayerNorm: (emit, of, node) => {
    const [x, weight, bias] = exactly('LayerNorm', of, 3);
    const axes = [node.shape.length - 1];
    const shifted = typed(emit, 'Sub', [x, reduced(emit, 'Mean', x, axes, { keep: true })]);
    const normed = typed(emit, 'Mul', [shifted, inverseRoot(emit, shifted, node, node)]);
    return typed(emit, 'AddV2', [typed(emit, 'Mul', [normed, weight]), bias]);
  },
} satisfies Record<Op, Lowering>;

/** 1 / sqrt(mean(x^2) + epsilon) along the last axis, which becomes 1. */
function inverseRoot(emit: Emit, x: Value, { shape }: Node, { attributes }: Node): Value {
  const mean = reduced(emit, 'Mean', typed(emit, 'Square', [x]), [shape.length - 1], { keep: true });
  return typed(emit, 'Rsqrt', [typed(emit, 'AddV2', [mean, scalar(emit, numberAt(attributes, 'epsilon'))])]);
}
