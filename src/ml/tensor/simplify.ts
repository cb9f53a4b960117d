import { dimensionAt, numberAt, numbersAt } from './attribute.ts';
import type { Graph, Node } from './node.ts';
import type { OpName } from './op.ts';
import { reshape, slice, transpose } from './ops/layout.ts';
import { isConstant } from './ops/source.ts';
import { broadcast, nodeOf, sameShape } from './shape.ts';
import { mapNodes } from './map-nodes.ts';

/** A law: a replacement for a node, of the same type and the same value, NaN and infinities included. */
export interface Rewrite {
  readonly law: string;
  readonly apply: (node: Node) => Node | undefined;
}

/**
 * The graph with every law applied wherever it matches, inputs before their users. Unchanged nodes are the
 * same objects.
 */
export const simplify = (graph: Graph): Graph => mapNodes(graph, rewritten);

function rewritten(node: Node): Node {
  for (const { apply } of simplifications) {
    const simpler = apply(node);
    if (simpler !== undefined) return rewritten(simpler);
  }
  return node;
}

/**
 * What differentiation and the models leave behind. Not here: x * 0 = 0, false for NaN; x + 0 = x, false for
 * -0.
 */
export const simplifications: readonly Rewrite[] = [
  {
    law: 'x * 1 = x',
    apply: (node) => (node.op === 'Multiply' ? other(node, (x) => isConstant(x, 1)) : undefined),
  },
  {
    law: 'x / 1 = x',
    apply: ({ op, inputs: [x, one], shape }) =>
      op === 'Divide' &&
      x !== undefined &&
      one !== undefined &&
      isConstant(one, 1) &&
      sameShape(x.shape, shape)
        ? x
        : undefined,
  },
  {
    law: 'reshape(x, shape of x) = x',
    apply: ({ op, inputs: [x], shape }) =>
      op === 'Reshape' && x !== undefined && sameShape(x.shape, shape) ? x : undefined,
  },
  {
    law: 'reshape(reshape(x, _), s) = reshape(x, s)',
    apply: ({ op, inputs: [inner], shape }) =>
      op === 'Reshape' && inner?.op === 'Reshape' ? onlyInput(inner, (x) => reshape(x, shape)) : undefined,
  },
  {
    law: 'transpose(x, identity) = x',
    apply: ({ op, inputs: [x], attributes }) =>
      op === 'Transpose' && numbersAt(attributes, 'permutation').every((from, to) => from === to)
        ? x
        : undefined,
  },
  {
    law: 'transpose(transpose(x, p), q) = transpose(x, q of p)',
    apply: ({ op, inputs: [inner], attributes }) =>
      op === 'Transpose' && inner?.op === 'Transpose'
        ? composed(inner, numbersAt(attributes, 'permutation'))
        : undefined,
  },
  { law: 'expand(x) op y = x op y, where y has the shape', apply: unexpanded },
  {
    law: 'slice(unpack(x, slots), some slots) = unpack(x, those slots)',
    apply: (node) =>
      node.op === 'Slice' && numberAt(node.attributes, 'axis') === 0 && node.inputs[0]?.op === 'Unpack'
        ? unpackedPart(node, node.inputs[0])
        : undefined,
  },
];

/** The factor beside one that fits, if it has the shape of the product. */
function other({ inputs: [left, right], shape }: Node, fits: (x: Node) => boolean): Node | undefined {
  if (left === undefined || right === undefined) return undefined;
  if (fits(right) && sameShape(left.shape, shape)) return left;
  return fits(left) && sameShape(right.shape, shape) ? right : undefined;
}

const onlyInput = ({ inputs: [x] }: Node, apply: (x: Node) => Node): Node | undefined =>
  x === undefined ? undefined : apply(x);

function composed(inner: Node, outer: readonly number[]): Node | undefined {
  const permutation = numbersAt(inner.attributes, 'permutation');
  return onlyInput(inner, (x) =>
    transpose(
      x,
      outer.map((axis) => permutation[axis] ?? axis),
    ),
  );
}

/** Slots that are not asked for need not be read. */
function unpackedPart({ attributes, shape }: Node, unpack: Node): Node | undefined {
  const [rows, tokenSlots, ...ofSlots] = unpack.inputs;
  if (rows === undefined || tokenSlots === undefined) return undefined;
  const [start, length] = [dimensionAt(attributes, 'start'), dimensionAt(attributes, 'length')];
  const part = ofSlots.map((each) => slice(each, 0, start, length));
  return nodeOf('Unpack', [rows, tokenSlots, ...part], { dtype: unpack.dtype, shape }, unpack.attributes);
}

/** Elementwise ops broadcast by themselves. */
function unexpanded(node: Node): Node | undefined {
  if (!broadcasting.includes(node.op)) return undefined;
  const index = node.inputs.findIndex(({ op }) => op === 'Expand');
  const [source] = node.inputs[index]?.inputs ?? [];
  if (source === undefined) return undefined;
  const inputs = node.inputs.with(index, source);
  return sameShape(broadcast(node.op, inputs), node.shape)
    ? nodeOf(node.op, inputs, node, node.attributes)
    : undefined;
}

const broadcasting: readonly OpName[] = ['Add', 'Subtract', 'Multiply', 'Divide', 'Maximum', 'Where'];
