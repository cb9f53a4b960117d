import { dimensionAt, numberAt, textAt } from '../../tensor/attribute.ts';
import { mapNodes } from '../../tensor/map-nodes.ts';
import type { Graph, Node, Shape } from '../../tensor/node.ts';
import { input } from '../../tensor/ops/source.ts';
import type { HostValue, Values } from '../runtime.ts';

/** Rows of an input or output, which lie where those of the whole do. */
export interface RowsInPlace {
  /** Under which they are fed or computed. */
  readonly name: string;
  readonly of: string;
  readonly first: number;
  readonly count: number;
}

/**
 * The graph with slices of its inputs as inputs of their own, and with outputs that are joined of parts as an
 * output a part: rows of a table lie together, so neither needs a copy.
 */
export function takeOutRows(graph: Graph): {
  readonly graph: Graph;
  readonly inputs: readonly RowsInPlace[];
  readonly outputs: readonly RowsInPlace[];
} {
  const inputs = new Map<string, RowsInPlace>();
  const { outputs } = mapNodes(graph, (node) => {
    const rows = slicedInput(node);
    if (rows === undefined) return node;
    inputs.set(rows.name, rows);
    return input(rows.name, node.dtype, node.shape);
  });
  const parts = Object.entries(outputs).flatMap(([name, node]) => joinedRows(name, node));
  const isSplit = new Set(parts.map(({ rows }) => rows.of));
  const whole = Object.entries(outputs).filter(([name]) => !isSplit.has(name));
  return {
    graph: {
      outputs: Object.fromEntries([...whole, ...parts.map(({ rows, node }) => [rows.name, node] as const)]),
    },
    inputs: [...inputs.values()],
    outputs: parts.map(({ rows }) => rows),
  };
}

/** The rows by their names, in the memory of the values. */
export const valuesOfRows = (values: Values, rows: readonly RowsInPlace[]): Values =>
  Object.fromEntries(
    rows.flatMap(({ name, of, first, count }) => {
      const value = values[of];
      return value === undefined ? [] : [[name, partOf(value, first, count)] as const];
    }),
  );

function slicedInput({ op, inputs: [x], attributes }: Node): RowsInPlace | undefined {
  if (op !== 'Slice' || x?.op !== 'Input' || x.dtype !== 'float32' || !isKnown(x.shape)) return undefined;
  const [first, count] = [dimensionAt(attributes, 'start'), dimensionAt(attributes, 'length')];
  if (numberAt(attributes, 'axis') !== 0 || typeof first !== 'number' || typeof count !== 'number')
    return undefined;
  return rowsAt(textAt(x.attributes, 'name'), first, count);
}

function joinedRows(
  of: string,
  { op, inputs, attributes, dtype }: Node,
): readonly { readonly rows: RowsInPlace; readonly node: Node }[] {
  if (op !== 'Concat' || dtype !== 'float32' || numberAt(attributes, 'axis') !== 0) return [];
  if (!inputs.every(({ shape }) => isKnown(shape))) return [];
  let first = 0;
  return inputs.map((node) => {
    const rows = rowsAt(of, first, Number(node.shape[0]));
    first += rows.count;
    return { rows, node };
  });
}

const rowsAt = (of: string, first: number, count: number): RowsInPlace => ({
  name: `${of}[${first}:${first + count}]`,
  of,
  first,
  count,
});

const isKnown = (shape: Shape): boolean => shape.every((size) => typeof size === 'number');

function partOf({ dtype, shape, data }: HostValue, first: number, count: number): HostValue {
  if (dtype !== 'float32') throw new Error(`rows of ${dtype} are not taken in place`);
  const width = data.length / (shape[0] ?? 1);
  return { dtype, shape: shape.with(0, count), data: data.subarray(first * width, (first + count) * width) };
}
