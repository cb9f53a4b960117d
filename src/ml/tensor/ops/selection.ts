import { dimensionAt } from '../attribute.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Dimension, Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, type ShapeRule } from '../rule.ts';
import { nodeOf, refuse, requireDType, type TensorType } from '../shape.ts';
import { reshaped } from '../tensorflow-operator.ts';

/** The largest elements of each row of the last axis, largest first; of equals the first. */
export const shapes = {
  LargestValues: (of, attributes) => ({ dtype: 'float32', shape: selected('LargestValues', of, attributes) }),
  LargestPlaces: (of, attributes) => ({ dtype: 'int32', shape: selected('LargestPlaces', of, attributes) }),
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

function selected(
  op: string,
  of: readonly TensorType[],
  attributes: Node['attributes'],
): readonly Dimension[] {
  const [x] = exactly(op, of, 1);
  requireDType(op, of, x, 'float32');
  if (x.shape.length === 0) refuse(op, of, 'a scalar has no last axis');
  return [...x.shape.slice(0, -1), dimensionAt(attributes, 'count')];
}

/** x [..., n] -> the values float32 [..., count] and their positions, int32 [..., count] */
export const largest = (x: Node, count: Dimension): { readonly values: Node; readonly places: Node } => ({
  values: nodeOf('LargestValues', [x], shapes.LargestValues([x], { count }), { count }),
  places: nodeOf('LargestPlaces', [x], shapes.LargestPlaces([x], { count }), { count }),
});

export const gradients = {
  LargestValues: () => [{ because: 'nothing is trained through a selection' }],
  LargestPlaces: () => [undefined],
} satisfies Record<Op, GradientRule>;

export const onnx = {
  LargestValues: (emit, of, node) => onnxSelection(emit, of, node, 0),
  LargestPlaces: (emit, of, node) =>
    emit.apply('Cast', [onnxSelection(emit, of, node, 1)], { to: { dtype: 'int32' } }),
} satisfies Record<Op, Lowering>;

function onnxSelection(emit: Emit, of: readonly Value[], { attributes }: Node, output: 0 | 1): Value {
  const inputs = [...of, emit.sizes([dimensionAt(attributes, 'count')])];
  // TopK has to have both of its outputs, whichever is used.
  const both = [0, 1].map((each) => emit.apply('TopK', inputs, { axis: { int: -1 } }, each));
  return both[output] ?? refuse('TopK', [], 'it has two outputs');
}

export const tensorflow = {
  LargestValues: (emit, of, node) => topK(emit, of, node, 0),
  LargestPlaces: (emit, of, node) => topK(emit, of, node, 1),
} satisfies Record<Op, Lowering>;

const topK = (emit: Emit, of: readonly Value[], { attributes }: Node, output: 0 | 1): Value => {
  const count = reshaped(emit, emit.sizes([dimensionAt(attributes, 'count')]), emit.sizes([]), 'int32');
  const types = { T: { dtype: 'float32' }, Tk: { dtype: 'int32' }, index_type: { dtype: 'int32' } } as const;
  return emit.apply('TopKV2', [...of, count], { ...types, sorted: { flag: true } }, output);
};
