import type { Emit, Lowering, Value } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { nodeOf, refuse, requireDType, sizeOf, type TensorType } from '../shape.ts';
import { gathered, isEqual, reshaped, scalar, typed } from '../tensorflow-operator.ts';
import { cast, equal, exp, multiply, subtract } from './elementwise.ts';
import { reshape } from './layout.ts';
import { logSoftmax } from './normalization.ts';

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

/**
 * -log softmax(logits)[label] a row; 0 where the label is -100. logits [n, classes], labels int32 [n] -> [n]
 */
export const crossEntropy = (logits: Node, labels: Node): Node =>
  nodeOf('CrossEntropy', [logits, labels], shapes.CrossEntropy([logits, labels]));

/** `x` less 1 in each row at the place of its label (place 0 for -100). x [n, classes], labels int32 [n] */
const subtractOneHot = (x: Node, labels: Node): Node =>
  nodeOf('SubtractOneHot', [x, labels], shapes.SubtractOneHot([x, labels]));

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
} satisfies Record<Op, GradientRule>;

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
    const depth = reshaped(emit, emit.sizes([classes]), emit.sizes([]), 'int32');
    const hot = emit.apply('OneHot', [countedLabels(emit, labels), depth, scalar(emit, 1), scalar(emit, 0)], {
      T: { dtype: 'float32' },
      TI: { dtype: 'int32' },
      axis: { int: -1 },
    });
    return typed(emit, 'Sub', [x, hot]);
  },
} satisfies Record<Op, Lowering>;

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
