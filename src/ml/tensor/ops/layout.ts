import { dimensionAt, flagAt, numberAt, numbersAt, shapeAt } from '../attribute.ts';
import { difference, productOf, sumOf } from '../dimension.ts';
import type { Emit, Lowering, Value } from '../emit.ts';
import type { Dimension, Node, Shape } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { concatenated, reduced, reshaped, typed } from '../tensorflow-operator.ts';
import {
  axisOf,
  broadcast,
  canonicalShape,
  nodeOf,
  refuse,
  sameShape,
  sizeOf,
  type TensorType,
} from '../shape.ts';

/**
 * Ops that only move, repeat or add up elements. They are linear, and each is the adjoint of another one
 * here, so their gradients need no other family: the families above build on this one.
 */
export const shapes = {
  Reshape: (of, attributes) => {
    const [x] = exactly('Reshape', of, 1);
    const shape = shapeAt(attributes, 'shape');
    if (productOf(shape) !== productOf(x.shape))
      refuse('Reshape', of, `to [${shape.join(', ')}], which has another number of elements`);
    return { dtype: x.dtype, shape };
  },
  Transpose: (of, attributes) => {
    const [x] = exactly('Transpose', of, 1);
    const permutation = numbersAt(attributes, 'permutation');
    const isPermutation =
      permutation.length === x.shape.length &&
      new Set(permutation).size === permutation.length &&
      permutation.every((axis) => axis in x.shape);
    if (!isPermutation)
      refuse('Transpose', of, `[${permutation.join(', ')}] is not a permutation of its axes`);
    return { dtype: x.dtype, shape: permutation.map((axis) => sizeOf(x, axis)) };
  },
  Expand: (of, attributes) => {
    const [x] = exactly('Expand', of, 1);
    const shape = shapeAt(attributes, 'shape');
    if (!sameShape(broadcast('Expand', [x, { dtype: x.dtype, shape }]), shape))
      refuse('Expand', of, `does not broadcast to [${shape.join(', ')}]`);
    return { dtype: x.dtype, shape };
  },
  ReduceSum: (of, attributes) => reducedType('ReduceSum', of, attributes),
  Slice: (of, attributes) => {
    const [x] = exactly('Slice', of, 1);
    const length = dimensionAt(attributes, 'length');
    const [start, size] = [dimensionAt(attributes, 'start'), sizeOf(x, numberAt(attributes, 'axis'))];
    const beyond = difference(size, sumOf([start, length]));
    if (typeof beyond === 'number' && beyond < 0)
      refuse('Slice', of, `${length} elements from ${start} on are not in an axis of ${size}`);
    return { dtype: x.dtype, shape: x.shape.with(numberAt(attributes, 'axis'), length) };
  },
  Pad: (of, attributes) => {
    const [x] = exactly('Pad', of, 1);
    const axis = numberAt(attributes, 'axis');
    return {
      dtype: x.dtype,
      shape: x.shape.with(
        axis,
        sumOf([dimensionAt(attributes, 'before'), sizeOf(x, axis), dimensionAt(attributes, 'after')]),
      ),
    };
  },
  Concat: (of, attributes) => {
    const axis = numberAt(attributes, 'axis');
    const [first] = of;
    if (first === undefined) return refuse('Concat', of, 'nothing to concatenate');
    for (const { dtype, shape } of of) {
      if (
        shape.length !== first.shape.length ||
        dtype !== first.dtype ||
        !sameShape(shape.with(axis, 0), first.shape.with(axis, 0))
      )
        refuse('Concat', of, `the shapes differ on other axes than ${axis}`);
    }
    return { dtype: first.dtype, shape: first.shape.with(axis, sumOf(of.map((x) => sizeOf(x, axis)))) };
  },
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

/** The same elements in row-major order under another shape. */
export function reshape(x: Node, shape: Shape): Node {
  const attributes = { shape: canonicalShape(shape) };
  return nodeOf('Reshape', [x], shapes.Reshape([x], attributes), attributes);
}

/** Axis `i` of the result is axis `permutation[i]` of `x`. */
export const transpose = (x: Node, permutation: readonly number[]): Node =>
  nodeOf('Transpose', [x], shapes.Transpose([x], { permutation }), { permutation });

/**
 * Repeats `x` along axes of size 1 and new leading ones. Elementwise ops broadcast by themselves: rarely
 * needed.
 */
export function expand(x: Node, shape: Shape): Node {
  const attributes = { shape: canonicalShape(shape) };
  return sameShape(x.shape, attributes.shape)
    ? x
    : nodeOf('Expand', [x], shapes.Expand([x], attributes), attributes);
}

/** The sum over some axes (default: all), which become 1 or go away. */
export function reduceSum(x: Node, axes?: readonly number[], keepDimensions = false): Node {
  const attributes = { axes: axesOf('ReduceSum', x, axes), keepDimensions };
  return nodeOf('ReduceSum', [x], shapes.ReduceSum([x], attributes), attributes);
}

/**
 * `length` elements of one axis, from `start` on. With named sizes, the code that feeds them must keep the
 * range valid.
 */
export function slice(x: Node, axis: number, start: Dimension, length: Dimension): Node {
  const attributes = { axis: axisOf('Slice', x, axis), start, length };
  return nodeOf('Slice', [x], shapes.Slice([x], attributes), attributes);
}

/** Zeros before and after, on one axis. */
export function pad(x: Node, axis: number, before: Dimension, after: Dimension): Node {
  const attributes = { axis: axisOf('Pad', x, axis), before, after };
  return nodeOf('Pad', [x], shapes.Pad([x], attributes), attributes);
}

/** Joined along one axis, whose size is the sum: "past" and 1 give "past+1". */
export function concat(nodes: readonly [Node, ...Node[]], axis: number): Node {
  const attributes = { axis: axisOf('Concat', nodes[0], axis) };
  return nodeOf('Concat', nodes, shapes.Concat(nodes, attributes), attributes);
}

/** The same of any number of them but none; one is itself. */
export function joined(nodes: readonly Node[], axis: number): Node {
  const [first, ...rest] = nodes;
  if (first === undefined) throw new Error('there is nothing to join');
  return rest.length === 0 ? first : concat([first, ...rest], axis);
}

/** Parts of these sizes, which are all of one axis. */
export const split = (x: Node, axis: number, sizes: Shape): readonly Node[] =>
  sizes.length === 1 ? [x] : sizes.map((size, index) => slice(x, axis, sumOf(sizes.slice(0, index)), size));

/** The adjoint of broadcasting: adds up what `shape` was repeated to. */
export function sumTo(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  const leading = x.shape.length - shape.length;
  const axes = x.shape.flatMap((size, axis) =>
    axis < leading || (shape[axis - leading] === 1 && size !== 1) ? [axis] : [],
  );
  if (axes.every((axis) => axis < leading)) return reduceSum(x, axes);
  const sum = reduceSum(x, axes, true);
  return sameShape(sum.shape, shape) ? sum : reshape(sum, shape);
}

/** All axes, or the given ones, sorted, none negative. */
export const axesOf = (op: string, x: TensorType, axes: readonly number[] | undefined): readonly number[] =>
  axes === undefined
    ? x.shape.map((_, axis) => axis)
    : [...new Set(axes.map((axis) => axisOf(op, x, axis)))].sort((a, b) => a - b);

/** The shape rule of every reduction. */
export function reducedType(
  op: string,
  of: readonly TensorType[],
  attributes: Node['attributes'],
): TensorType {
  const [x] = exactly(op, of, 1);
  const axes = numbersAt(attributes, 'axes');
  const keep = flagAt(attributes, 'keepDimensions');
  return {
    dtype: x.dtype,
    shape: x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size])),
  };
}

/**
 * A reduced result as it would be with its axes kept: how an upstream gradient meets the reduction's input.
 */
export const keptShape = (x: TensorType, axes: readonly number[]): Shape =>
  x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

export const gradients = {
  Reshape: (node, upstream) => [reshape(upstream, inputsOf(node, 1)[0].shape)],
  Transpose: (node, upstream) => [transpose(upstream, inverse(numbersAt(node.attributes, 'permutation')))],
  Expand: (node, upstream) => [sumTo(upstream, inputsOf(node, 1)[0].shape)],
  ReduceSum: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    return [expand(reshape(upstream, keptShape(x, numbersAt(node.attributes, 'axes'))), x.shape)];
  },
  Slice: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    const [axis, start, length] = [
      numberAt(node.attributes, 'axis'),
      dimensionAt(node.attributes, 'start'),
      dimensionAt(node.attributes, 'length'),
    ];
    return [pad(upstream, axis, start, difference(sizeOf(x, axis), sumOf([start, length])))];
  },
  Pad: (node, upstream) => {
    const [x] = inputsOf(node, 1);
    const axis = numberAt(node.attributes, 'axis');
    return [slice(upstream, axis, dimensionAt(node.attributes, 'before'), sizeOf(x, axis))];
  },
  Concat: (node, upstream) => {
    const axis = numberAt(node.attributes, 'axis');
    return node.inputs.map((x, i) =>
      slice(
        upstream,
        axis,
        sumOf(node.inputs.slice(0, i).map((before) => sizeOf(before, axis))),
        sizeOf(x, axis),
      ),
    );
  },
} satisfies Record<Op, GradientRule>;

const inverse = (permutation: readonly number[]): readonly number[] =>
  permutation.map((_, axis) => permutation.indexOf(axis));

export const onnx = {
  Reshape: (emit, of, node) => emit.apply('Reshape', [...of, reshapeVector(emit, node)]),
  Transpose: (emit, of, { attributes }) =>
    emit.apply('Transpose', of, { perm: { ints: numbersAt(attributes, 'permutation') } }),
  Expand: (emit, of, { shape }) => emit.apply('Expand', [...of, emit.sizes(shape)]),
  ReduceSum: (emit, of, node) => {
    const axes = numbersAt(node.attributes, 'axes');
    if (axes.length === 1 && axes[0] === 0 && node.shape.length > 1) return sumOfRows(emit, of, node);
    return emit.apply('ReduceSum', [...of, emit.sizes(axes)], {
      keepdims: { int: flagAt(node.attributes, 'keepDimensions') ? 1 : 0 },
    });
  },
  Slice: (emit, of, { attributes }) => {
    const [start, length] = [dimensionAt(attributes, 'start'), dimensionAt(attributes, 'length')];
    return emit.apply('Slice', [
      ...of,
      emit.sizes([start]),
      emit.sizes([sumOf([start, length])]),
      emit.sizes([numberAt(attributes, 'axis')]),
    ]);
  },
  Pad: (emit, of, { attributes, shape }) => {
    const at = (amount: Dimension): Shape =>
      shape.map((_, axis) => (axis === numberAt(attributes, 'axis') ? amount : 0));
    return emit.apply('Pad', [
      ...of,
      emit.sizes([...at(dimensionAt(attributes, 'before')), ...at(dimensionAt(attributes, 'after'))]),
    ]);
  },
  Concat: (emit, of, { attributes }) =>
    emit.apply('Concat', of, { axis: { int: numberAt(attributes, 'axis') } }),
} satisfies Record<Op, Lowering>;

/**
 * The sum over the first axis as a product with a row of ones: onnxruntime's ReduceSum takes five times as
 * long where that axis has the size 1, as the batches of row groups have. Sums of a matrix's rows are not
 * worth it.
 */
function sumOfRows(emit: Emit, of: readonly Value[], node: Node): Value {
  const [x] = inputsOf(node, 1);
  const ones = emit.apply('Expand', [emit.constant('float32', [1, 1], [1]), emit.sizes([1, sizeOf(x, 0)])]);
  const rows = emit.apply('Reshape', [...of, emit.sizes([0, -1])]);
  return emit.apply('Reshape', [emit.apply('MatMul', [ones, rows]), emit.sizes(node.shape)]);
}

/**
 * ONNX Reshape takes 0 for "same as the input" and a single -1 for "inferred": with these, most shapes are
 * constants.
 */
function reshapeVector(emit: Emit, node: Node): Value {
  const [x] = inputsOf(node, 1);
  const vector = node.shape.map((size, axis) =>
    typeof size === 'number' ? size : size === x.shape[axis] ? 0 : size,
  );
  const open = vector.filter((size) => typeof size === 'string').length;
  return open > 1
    ? emit.sizes(node.shape)
    : emit.sizes(vector.map((size) => (typeof size === 'string' ? -1 : size)));
}

/** Sizes, axes and permutations are int32. */
export const tensorflow = {
  Reshape: (emit, of, { dtype, shape }) => {
    const open = shape.filter((size) => typeof size === 'string').length;
    const sizes = open > 1 ? shape : shape.map((size) => (typeof size === 'string' ? -1 : size));
    return reshaped(emit, exactly('Reshape', of, 1)[0], emit.sizes(sizes), dtype);
  },
  Transpose: (emit, of, { attributes, dtype }) =>
    typed(emit, 'Transpose', [...of, emit.sizes(numbersAt(attributes, 'permutation'))], dtype, {
      Tperm: { dtype: 'int32' },
    }),
  Expand: (emit, of, { dtype, shape }) =>
    typed(emit, 'BroadcastTo', [...of, emit.sizes(shape)], dtype, { Tidx: { dtype: 'int32' } }),
  ReduceSum: (emit, of, { attributes, dtype }) =>
    reduced(emit, 'Sum', exactly('ReduceSum', of, 1)[0], numbersAt(attributes, 'axes'), {
      keep: flagAt(attributes, 'keepDimensions'),
      dtype,
    }),
  Slice: (emit, of, { attributes, dtype, shape }) => {
    const at = (amount: Dimension, elsewhere: number): Value =>
      emit.sizes(shape.map((_, axis) => (axis === numberAt(attributes, 'axis') ? amount : elsewhere)));
    return typed(
      emit,
      'Slice',
      [...of, at(dimensionAt(attributes, 'start'), 0), at(dimensionAt(attributes, 'length'), -1)],
      dtype,
      { Index: { dtype: 'int32' } },
    );
  },
  Pad: (emit, of, { attributes, dtype, shape }) => {
    const amounts = shape.flatMap((_, axis): Shape =>
      axis === numberAt(attributes, 'axis')
        ? [dimensionAt(attributes, 'before'), dimensionAt(attributes, 'after')]
        : [0, 0],
    );
    const paddings = reshaped(emit, emit.sizes(amounts), emit.sizes([shape.length, 2]), 'int32');
    return typed(emit, 'Pad', [...of, paddings], dtype, { Tpaddings: { dtype: 'int32' } });
  },
  Concat: (emit, of, { attributes, dtype }) => concatenated(emit, of, numberAt(attributes, 'axis'), dtype),
} satisfies Record<Op, Lowering>;
