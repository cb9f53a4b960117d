import { numberAt } from '../attribute.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Dimension, Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { nodeOf, refuse, requireDType, sameShape, sizeOf, type TensorType } from '../shape.ts';
import { gathered, isEqual, reduced, reshaped, scalar, typed } from '../tensorflow-operator.ts';
import { cast, equal, exp, multiply, negate, subtract } from './elementwise.ts';
import { expand, reshape } from './layout.ts';
import { logSoftmax } from './normalization.ts';
import { constant } from './source.ts';

/** The label of a position that does not count, as in PyTorch and transformers. */
export const ignoredLabel = -100;

/**
 * The loss over a vocabulary that may be large: no op here makes a one-hot matrix, nor scatters onto repeated
 * indices.
 */
export const shapes = {
  CrossEntropy: (of) => {
    const [logits, labels] = labelled('CrossEntropy', of);
    return { dtype: logits.dtype, shape: labels.shape };
  },
  SubtractOneHot: (of) => {
    const [x] = labelled('SubtractOneHot', of);
    return { dtype: x.dtype, shape: x.shape };
  },
  LabelScores: (of) => {
    const [x, labels] = exactly('LabelScores', of, 2);
    requireBlock('LabelScores', of, x, labels);
    return { dtype: x.dtype, shape: labels.shape };
  },
  SubtractAtLabels: (of) => {
    const [x, values, labels] = exactly('SubtractAtLabels', of, 3);
    requireBlock('SubtractAtLabels', of, x, labels);
    requireDType('SubtractAtLabels', of, values, 'float32');
    if (!sameShape(values.shape, labels.shape)) refuse('SubtractAtLabels', of, 'expected a value a label');
    return { dtype: x.dtype, shape: x.shape };
  },
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

function labelled(op: string, of: readonly TensorType[]): readonly [TensorType, TensorType] {
  const [x, labels] = exactly(op, of, 2);
  requireDType(op, of, x, 'float32');
  requireDType(op, of, labels, 'int32');
  if (x.shape.length !== 2 || labels.shape.length !== 1 || sizeOf(x, 0) !== sizeOf(labels, 0))
    refuse(op, of, 'expected [n, classes] and [n]');
  return [x, labels];
}

function requireBlock(op: string, of: readonly TensorType[], x: TensorType, labels: TensorType): void {
  requireDType(op, of, x, 'float32');
  requireDType(op, of, labels, 'int32');
  if (x.shape.length !== 2 || labels.shape.length !== 1 || sizeOf(x, 1) !== sizeOf(labels, 0))
    refuse(op, of, 'expected [classes, n] and [n]');
}

/**
 * -log softmax(logits)[label] a row; 0 where the label is -100. logits [n, classes], labels int32 [n] -> [n]
 */
export const crossEntropy = (logits: Node, labels: Node): Node =>
  nodeOf('CrossEntropy', [logits, labels], shapes.CrossEntropy([logits, labels]));

/** `x` less 1 in each row at the place of its label (place 0 for -100). x [n, classes], labels int32 [n] */
const subtractOneHot = (x: Node, labels: Node): Node =>
  nodeOf('SubtractOneHot', [x, labels], shapes.SubtractOneHot([x, labels]));

/**
 * Of a block of classes, from `first` on: the element of each column that its label names; 0 where the label
 * is of another block. x [classes, n], labels int32 [n] -> [n]
 */
export const labelScores = (x: Node, labels: Node, first: number): Node =>
  nodeOf('LabelScores', [x, labels], shapes.LabelScores([x, labels]), { first });

/** `x` less a value in each column at the place of its label, if the block has it. values [n] */
export function subtractAtLabels(x: Node, values: Node, labels: Node, first: number): Node {
  const of = [x, values, labels];
  return nodeOf('SubtractAtLabels', of, shapes.SubtractAtLabels(of), { first });
}

export const gradients = {
  CrossEntropy: (node, upstream) => {
    const [logits, labels] = inputsOf(node, 2);
    const counted = multiply(upstream, subtract(1, cast(equal(labels, ignoredLabel), 'float32')));
    return [
      multiply(subtractOneHot(exp(logSoftmax(logits)), labels), reshape(counted, [sizeOf(counted, 0), 1])),
      undefined,
    ];
  },
  SubtractOneHot: (_, upstream) => [upstream, undefined],
  LabelScores: (node, upstream) => {
    const [x, labels] = inputsOf(node, 2);
    const zeros = expand(constant(0), x.shape);
    return [subtractAtLabels(zeros, negate(upstream), labels, firstOf(node)), undefined];
  },
  SubtractAtLabels: (node, upstream) => {
    const [, , labels] = inputsOf(node, 3);
    return [upstream, negate(labelScores(upstream, labels, firstOf(node))), undefined];
  },
} satisfies Record<Op, GradientRule>;

/** The first class of a block. */
const firstOf = ({ attributes }: Node): number => numberAt(attributes, 'first');

export const onnx = {
  CrossEntropy: (emit, of) => {
    const [logits, labels] = exactly('CrossEntropy', of, 2);
    const picked = emit.apply(
      'GatherElements',
      [emit.apply('LogSoftmax', [logits], { axis: { int: -1 } }), column(emit, labels)],
      { axis: { int: 1 } },
    );
    const loss = emit.apply('Neg', [emit.apply('Reshape', [picked, emit.sizes([-1])])]);
    return emit.apply('Where', [isIgnored(emit, labels), emit.constant('float32', [], [0]), loss]);
  },
  // One element a row is written: no place twice, so it needs no reduction and is deterministic.
  SubtractOneHot: (emit, of) => {
    const [x, labels] = exactly('SubtractOneHot', of, 2);
    const places = column(emit, labels);
    const less = emit.apply('Sub', [
      emit.apply('GatherElements', [x, places], { axis: { int: 1 } }),
      emit.constant('float32', [], [1]),
    ]);
    return emit.apply('ScatterElements', [x, places, less], { axis: { int: 1 } });
  },
  LabelScores: (emit, of, node) => {
    const [x, labels] = exactly('LabelScores', of, 2);
    const { places, isInside } = placesInBlock(emit, labels, node);
    const found = emit.apply('GatherElements', [x, places], { axis: { int: 0 } });
    const zero = emit.constant('float32', [], [0]);
    return emit.apply('Reshape', [emit.apply('Where', [isInside, found, zero]), emit.sizes([-1])]);
  },
  SubtractAtLabels: (emit, of, node) => {
    const [x, values, labels] = exactly('SubtractAtLabels', of, 3);
    const { places, isInside } = placesInBlock(emit, labels, node);
    const less = emit.apply('Where', [isInside, values, emit.constant('float32', [], [0])]);
    const found = emit.apply('GatherElements', [x, places], { axis: { int: 0 } });
    return emit.apply('ScatterElements', [x, places, emit.apply('Sub', [found, less])], { axis: { int: 0 } });
  },
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  CrossEntropy: (emit, of) => {
    const [logits, labels] = exactly('CrossEntropy', of, 2);
    const logarithms = typed(emit, 'LogSoftmax', [logits]);
    const picked = gathered(emit, logarithms, countedLabels(emit, labels), { batchDims: 1 });
    return countedLosses(emit, typed(emit, 'Neg', [picked]), labels);
  },
  SubtractOneHot: (emit, of, { inputs }) => {
    const [x, labels] = exactly('SubtractOneHot', of, 2);
    const classes = inputs[0]?.shape[1] ?? 0;
    return typed(emit, 'Sub', [x, oneHotAfter(emit, x, countedLabels(emit, labels), classes, -1)]);
  },
  LabelScores: (emit, of, node) => {
    const [x, labels] = exactly('LabelScores', of, 2);
    const chosen = typed(emit, 'Mul', [x, oneHotInBlock(emit, x, labels, node)]);
    return reduced(emit, 'Sum', chosen, [0], { keep: false });
  },
  SubtractAtLabels: (emit, of, node) => {
    const [x, values, labels] = exactly('SubtractAtLabels', of, 3);
    return typed(emit, 'Sub', [x, typed(emit, 'Mul', [oneHotInBlock(emit, x, labels, node), values])]);
  },
} satisfies Record<Op, Lowering>;

/** [classes, n]; a column whose label is of another block has no 1. */
function oneHotInBlock(emit: Emit, x: Value, labels: Value, node: Node): Value {
  const classes = sizeOf(node.inputs[0] ?? node, 0);
  const places = typed(emit, 'Sub', [labels, emit.constant('int32', [], [firstOf(node)])], 'int32');
  return oneHotAfter(emit, x, places, classes, 0);
}

/**
 * Ones at `places`, with the classes along `axis`; not before the scores `x`: what depends on labels alone is
 * computed before everything else, and would be in memory until it is needed.
 */
function oneHotAfter(emit: Emit, x: Value, places: Value, classes: Dimension, axis: number): Value {
  const depth = reshaped(emit, emit.sizes([classes]), emit.sizes([]), 'int32');
  const controlled = { name: `^${x.name.replace(/:\d+$/, '')}` };
  return emit.apply('OneHot', [places, depth, scalar(emit, 1), scalar(emit, 0), controlled], {
    T: { dtype: 'float32' },
    TI: { dtype: 'int32' },
    axis: { int: axis },
  });
}

/**
 * int32 [1, n]: the row of each label in a block of classes, or the nearest one, and whether the block has
 * the label.
 */
function placesInBlock(
  emit: Emit,
  labels: Value,
  node: Node,
): { readonly places: Value; readonly isInside: Value } {
  const classes = sizeOf(node.inputs[0] ?? node, 0);
  if (typeof classes !== 'number') throw new Error(`${node.op}: the number of classes must be known`);
  const integer = (value: number): Value => emit.constant('int32', [], [value]);
  const rows = emit.apply('Sub', [
    emit.apply('Reshape', [labels, emit.sizes([1, -1])]),
    integer(firstOf(node)),
  ]);
  const places = emit.apply('Min', [emit.apply('Max', [rows, integer(0)]), integer(classes - 1)]);
  return { places, isInside: emit.apply('Equal', [places, rows]) };
}

const ignored = (emit: Emit, labels: Value): Value =>
  isEqual(emit, [labels, emit.constant('int32', [], [ignoredLabel])], 'int32');

/** 0 where the label is -100. */
export const countedLosses = (emit: Emit, losses: Value, labels: Value): Value =>
  typed(emit, 'SelectV2', [ignored(emit, labels), scalar(emit, 0), losses]);

/** 0 in place of -100, which no class has. */
export const countedLabels = (emit: Emit, labels: Value): Value =>
  typed(emit, 'SelectV2', [ignored(emit, labels), emit.constant('int32', [], [0]), labels], 'int32');

const isIgnored = (emit: Emit, labels: Value): Value =>
  emit.apply('Equal', [labels, emit.constant('int32', [], [ignoredLabel])]);

/** The labels as one index a row, 0 in place of -100. */
const column = (emit: Emit, labels: Value): Value =>
  emit.apply('Reshape', [
    emit.apply('Where', [isIgnored(emit, labels), emit.constant('int32', [], [0]), labels]),
    emit.sizes([-1, 1]),
  ]);
