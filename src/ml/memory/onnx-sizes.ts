import { broadcastSizes } from '../tensor/broadcast-sizes.ts';
import { elementCount } from '../element-count.ts';
import type { EmittedGraph } from '../runtime/onnx/emit-onnx.ts';
import type { OnnxNode } from '../runtime/onnx/model-proto.ts';
import { evaluate } from '../tensor/dimension.ts';
import type { DType } from '../tensor/node.ts';
import { elementBytes } from '../runtime/raw-data.ts';

/** A value of an ONNX graph, with the sizes that it has when it is computed. */
interface Sized {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of a vector of sizes that is known beforehand. */
  readonly values?: readonly number[];
}

/**
 * The type and shape of each value that the nodes of a graph compute, by name. `sizes`: the named sizes of
 * the feeds.
 */
export function onnxSizes(
  { graph, inputs, sizeVectors }: EmittedGraph,
  sizes: ReadonlyMap<string, number>,
): ReadonlyMap<string, { readonly bytes: number; readonly shape: readonly number[] }> {
  const numbers = (shape: readonly (number | string)[]): readonly number[] =>
    shape.map((size) => evaluate(size, sizes));
  const known = new Map<string, Sized>([
    ...inputs.map(({ inner, dtype, shape }) => [inner, { dtype, shape: numbers(shape) }] as const),
    ...sizeVectors.map(({ name, dimensions }) => {
      const values = numbers(dimensions);
      return [name, { dtype: 'int64', shape: [values.length], values }] as const;
    }),
    ...graph.constants.map(({ name, dtype, shape, values }) => [name, { dtype, shape, values }] as const),
  ]);
  const computed = new Map<string, { readonly bytes: number; readonly shape: readonly number[] }>();
  for (const node of graph.nodes) {
    const of = node.inputs.map((name) => known.get(name) ?? scalar);
    for (const [index, name] of node.outputs.entries()) {
      const sized = sizedOutput(node, of, index);
      known.set(name, sized);
      const bytes = elementCount(sized.shape) * elementBytes[sized.dtype];
      computed.set(name, { bytes, shape: sized.shape });
    }
  }
  return computed;
}

const scalar: Sized = { dtype: 'float32', shape: [] };

function sizedOutput({ operator, attributes }: OnnxNode, of: readonly Sized[], index: number): Sized {
  const [x = scalar, y = scalar] = of;
  const { dtype } = x;
  const integer = (name: string): number => {
    const value = attributes[name];
    return value !== undefined && 'int' in value ? value.int : 0;
  };
  const integers = (name: string): readonly number[] => {
    const value = attributes[name];
    return value !== undefined && 'ints' in value ? value.ints : [];
  };
  switch (operator) {
    case 'Equal':
    case 'Less':
      return { dtype: 'bool', shape: broadcast(of) };
    case 'Where':
      return { dtype: y.dtype, shape: broadcast(of) };
    case 'Cast': {
      const { to } = attributes;
      return {
        dtype: to !== undefined && 'dtype' in to && to.dtype !== 'bfloat16' ? to.dtype : dtype,
        shape: x.shape,
      };
    }
    case 'SimplifiedLayerNormalization':
      return { dtype, shape: index === 0 ? x.shape : [...x.shape.slice(0, -1), 1] };
    case 'GatherElements':
      return { dtype, shape: y.shape };
    case 'Gather':
      return { dtype, shape: [...y.shape, ...x.shape.slice(1)] };
    case 'Reshape':
      return { dtype, shape: reshaped(x.shape, y.values ?? []) };
    case 'Transpose':
      return { dtype, shape: integers('perm').map((axis) => x.shape[axis] ?? 1) };
    case 'Expand':
      return { dtype, shape: broadcast([x, { dtype, shape: y.values ?? [] }]) };
    case 'ReduceSum':
    case 'ReduceMean':
    case 'ReduceMax': {
      const axes = (y.values ?? []).map((axis) => (axis < 0 ? axis + x.shape.length : axis));
      return {
        dtype,
        shape: x.shape.flatMap((size, axis) =>
          axes.includes(axis) ? (integer('keepdims') === 1 ? [1] : []) : [size],
        ),
      };
    }
    case 'Slice': {
      const [from = 0, to = 0, axis = 0] = of.slice(1).map(({ values }) => values?.[0] ?? 0);
      return { dtype, shape: x.shape.map((size, each) => (each === axis ? to - from : size)) };
    }
    case 'Pad': {
      const pads = y.values ?? [];
      return {
        dtype,
        shape: x.shape.map((size, axis) => size + (pads[axis] ?? 0) + (pads[axis + x.shape.length] ?? 0)),
      };
    }
    case 'Concat': {
      const axis = integer('axis') < 0 ? integer('axis') + x.shape.length : integer('axis');
      const whole = of.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
      return { dtype, shape: x.shape.map((size, each) => (each === axis ? whole : size)) };
    }
    case 'MatMul':
    case 'com.microsoft.FusedMatMul': {
      const [left, right] = [
        integer('transBatchA') === 1 ? swapped(x.shape) : x.shape,
        integer('transBatchB') === 1 ? swapped(y.shape) : y.shape,
      ];
      const [rows, columns] = [
        left.at(integer('transA') === 1 ? -1 : -2) ?? 1,
        right.at(integer('transB') === 1 ? -2 : -1) ?? 1,
      ];
      const batches = [left, right].map((shape) => ({ dtype, shape: shape.slice(0, -2) }));
      return { dtype, shape: [...broadcast(batches), rows, columns] };
    }
    case 'Add':
    case 'Sub':
    case 'Mul':
    case 'Div':
    case 'Max':
    case 'BitwiseXor':
    case 'BitShift':
      return { dtype, shape: broadcast(of) };
    default:
      return { dtype, shape: x.shape };
  }
}

const broadcast = (of: readonly Sized[]): readonly number[] => broadcastSizes(of.map(({ shape }) => shape));

const swapped = ([rows = 1, batch = 1, ...inner]: readonly number[]): readonly number[] => [
  batch,
  rows,
  ...inner,
];

/** 0 keeps the size, -1 is inferred from the others. */
function reshaped(shape: readonly number[], wanted: readonly number[]): readonly number[] {
  const given = wanted.map((size, axis) => (size === 0 ? (shape[axis] ?? 0) : size));
  const rest = elementCount(shape) / elementCount(given.filter((size) => size !== -1));
  return given.map((size) => (size === -1 ? rest : size));
}
