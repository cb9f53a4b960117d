import { elementCount } from '../element-count.ts';
import type { EmittedGraph } from '../runtime/onnx/emit-onnx.ts';
import type { OnnxNode } from '../runtime/onnx/model-proto.ts';
import { evaluate } from '../tensor/dimension.ts';
import type { DType } from '../tensor/node.ts';

/** A value of an ONNX graph. */
export interface Sized {
  readonly dtype: DType;
  /** NaN: a size that is not known. */
  readonly shape: readonly number[];
  /** Of a vector of sizes that is known beforehand. */
  readonly values?: readonly number[];
}

/** The type and shape of each value of a graph, by name. `sizes`: the named sizes of the feeds. */
export function onnxSizes(
  graph: EmittedGraph,
  sizes: ReadonlyMap<string, number>,
): ReadonlyMap<string, Sized> {
  const sizeOf = (size: number | string): number => evaluate(size, sizes);
  return inferred(graph, sizeOf, sizeOf);
}

/**
 * The shapes that onnxruntime infers before it runs, by the rules of onnx/defs/shape_inference.h: a named
 * size is a number of its own from `firstSymbol` on, and sizes that are fed are not known.
 */
export function symbolicOnnxSizes(graph: EmittedGraph): ReadonlyMap<string, Sized> {
  const symbols = new Map<string, number>();
  const symbolOf = (size: number | string): number => {
    if (typeof size === 'number') return size;
    const symbol = symbols.get(size) ?? firstSymbol + symbols.size;
    symbols.set(size, symbol);
    return symbol;
  };
  return inferred(graph, symbolOf, () => NaN);
}

/** Larger than every size. */
const firstSymbol = 2 ** 48;
/** Neither the number of a name nor NaN. */
const isConcrete = (size: number): boolean => size < firstSymbol;

function inferred(
  { graph, inputs, sizeVectors }: EmittedGraph,
  sizeOf: (size: number | string) => number,
  fedSizeOf: (size: number | string) => number,
): ReadonlyMap<string, Sized> {
  const known = new Map<string, Sized>([
    ...inputs.map(({ inner, dtype, shape }) => [inner, { dtype, shape: shape.map(sizeOf) }] as const),
    ...sizeVectors.map(({ name, dimensions }) => {
      const values = dimensions.map(fedSizeOf);
      return [name, { dtype: 'int64', shape: [values.length], values }] as const;
    }),
    ...graph.constants.map(({ name, dtype, shape, values }) => [name, { dtype, shape, values }] as const),
  ]);
  for (const node of graph.nodes) {
    const of = node.inputs.map((name) => known.get(name) ?? scalar);
    for (const [index, name] of node.outputs.entries()) known.set(name, sizedOutput(node, of, index));
  }
  return known;
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
      return {
        dtype,
        shape: x.shape.map((size, each) => (each !== axis ? size : isConcrete(size) ? to - from : NaN)),
      };
    }
    case 'Pad': {
      const pads = y.values ?? [];
      return {
        dtype,
        shape: x.shape.map((size, axis) => {
          const added = (pads[axis] ?? 0) + (pads[axis + x.shape.length] ?? 0);
          return added === 0 || isConcrete(size) ? size + added : NaN;
        }),
      };
    }
    case 'Concat': {
      const axis = integer('axis') < 0 ? integer('axis') + x.shape.length : integer('axis');
      const parts = of.map(({ shape }) => shape[axis] ?? 0);
      const whole = parts.every(isConcrete) ? parts.reduce((sum, size) => sum + size, 0) : NaN;
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

function broadcast(of: readonly Sized[]): readonly number[] {
  const rank = Math.max(0, ...of.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    together(of.flatMap(({ shape }) => shape[axis - rank + shape.length] ?? [])),
  );
}

/** The size that sizes of one axis broadcast to. */
function together(sizes: readonly number[]): number {
  const known = sizes.find((size) => isConcrete(size) && size !== 1);
  if (known !== undefined) return known;
  const [symbol = 1, ...others] = new Set(sizes.filter((size) => !isConcrete(size)));
  return others.length === 0 ? symbol : NaN;
}

const swapped = ([rows = 1, batch = 1, ...inner]: readonly number[]): readonly number[] => [
  batch,
  rows,
  ...inner,
];

/** 0 keeps the size, -1 is inferred from the others. */
function reshaped(shape: readonly number[], wanted: readonly number[]): readonly number[] {
  const given = wanted.map((size, axis) => (size === 0 ? (shape[axis] ?? 0) : size));
  const kept = (axis: number): boolean => wanted[axis] === 0 && !isConcrete(shape[axis] ?? 0);
  const from = shape.filter((_, axis) => !kept(axis));
  const into = given.filter((size, axis) => size !== -1 && !kept(axis));
  const rest = from.every(isConcrete) ? elementCount(from) / elementCount(into) : NaN;
  return given.map((size) => (size === -1 ? rest : size));
}
