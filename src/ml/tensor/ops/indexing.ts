import { flagAt } from '../attribute.ts';
import type { Lowering } from '../emit.ts';
import type { Node } from '../node.ts';
import type { OpName } from '../op.ts';
import { exactly, type GradientRule, inputsOf, type ShapeRule } from '../rule.ts';
import { nodeOf, refuse, requireDType, sizeOf } from '../shape.ts';
import { converted, gathered, reshaped, typed } from '../tensorflow-operator.ts';

/**
 * Ops that read where an index points. None writes there: adding at indices is not deterministic on every
 * runtime.
 */
export const shapes = {
  Gather: (of) => {
    const [table, indices] = exactly('Gather', of, 2);
    requireDType('Gather', of, indices, 'int32');
    if (table.shape.length === 0) refuse('Gather', of, 'a scalar has no rows');
    return { dtype: table.dtype, shape: [...indices.shape, ...table.shape.slice(1)] };
  },
  Pack: (of) => {
    const [padded, tokenSlots, slotTokens, slotMask] = exactly('Pack', of, 4);
    requireDType('Pack', of, padded, 'float32', 'bfloat16');
    requireDType('Pack', of, tokenSlots, 'int32');
    if (sizeOf(slotTokens, 0) !== sizeOf(padded, 0) || sizeOf(slotMask, 0) !== sizeOf(padded, 0))
      refuse('Pack', of, 'the packing has a different number of slots');
    return { dtype: padded.dtype, shape: padded.shape.with(0, sizeOf(tokenSlots, 0)) };
  },
  Unpack: (of) => {
    const [rows, tokenSlots, slotTokens, slotMask] = exactly('Unpack', of, 4);
    requireDType('Unpack', of, rows, 'float32', 'bfloat16');
    requireDType('Unpack', of, slotTokens, 'int32');
    requireDType('Unpack', of, slotMask, 'float32');
    if (sizeOf(tokenSlots, 0) !== sizeOf(rows, 0))
      refuse('Unpack', of, 'the packing has a different number of tokens');
    return { dtype: rows.dtype, shape: rows.shape.with(0, sizeOf(slotTokens, 0)) };
  },
} satisfies Partial<Record<OpName, ShapeRule>>;

type Op = keyof typeof shapes;

/**
 * Rows of a table (its first axis) by index. table [v, ...], indices int32 [...] -> [..., ...]; an index of v
 * or more is a fault at run time. There is no gradient to the table inside the graph: ask for the gradient
 * with respect to this node, and add its rows up outside.
 */
export const gather = (table: Node, indices: Node): Node =>
  nodeOf('Gather', [table, indices], shapes.Gather([table, indices]));

/**
 * Where the real tokens of a padded batch are: tokens are counted without padding, slots with it. Every token
 * has a slot of its own, so that packing and unpacking are each a gather, and each other's gradient.
 */
export interface Packing {
  /** int32 [tokens]: the slot of each token. */
  readonly tokenSlots: Node;
  /** int32 [slots]: the token in each slot; any token (0) where the slot is padding. */
  readonly slotTokens: Node;
  /** float32 [slots]: 1 where a slot holds a token, 0 where it is padding. */
  readonly slotMask: Node;
}

/** The real tokens of a padded batch. padded [slots, ...] -> [tokens, ...] */
export function pack(padded: Node, { tokenSlots, slotTokens, slotMask }: Packing): Node {
  const of = [padded, tokenSlots, slotTokens, slotMask];
  return nodeOf('Pack', of, shapes.Pack(of));
}

/**
 * Tokens put into their slots, zeros into the others: or some token, where nothing that is made of a padded
 * slot reaches the result, as under attention's mask. rows [tokens, ...] -> [slots, ...]
 */
export function unpack(
  rows: Node,
  { tokenSlots, slotTokens, slotMask }: Packing,
  padding: 'zeros' | 'some token' = 'zeros',
): Node {
  const of = [rows, tokenSlots, slotTokens, slotMask];
  return nodeOf('Unpack', of, shapes.Unpack(of), { zeros: padding === 'zeros' });
}

export const gradients = {
  Gather: () => [
    {
      because:
        'rows that one index names twice would have to be added up: take the gradient with respect ' +
        'to the Gather itself and add its rows up outside',
    },
    undefined,
  ],
  Pack: (node, upstream) => {
    const [, tokenSlots, slotTokens, slotMask] = inputsOf(node, 4);
    return [unpack(upstream, { tokenSlots, slotTokens, slotMask }), undefined, undefined, undefined];
  },
  Unpack: (node, upstream) => {
    const [, tokenSlots, slotTokens, slotMask] = inputsOf(node, 4);
    return [pack(upstream, { tokenSlots, slotTokens, slotMask }), undefined, undefined, undefined];
  },
} satisfies Record<Op, GradientRule>;

export const onnx = {
  Gather: (emit, of) => emit.apply('Gather', of, { axis: { int: 0 } }),
  Pack: (emit, of) => {
    const [padded, tokenSlots] = exactly('Pack', of, 4);
    return emit.apply('Gather', [padded, tokenSlots], { axis: { int: 0 } });
  },
  Unpack: (emit, of, { attributes, shape }) => {
    const [rows, , slotTokens, slotMask] = exactly('Unpack', of, 4);
    const read = emit.apply('Gather', [rows, slotTokens], { axis: { int: 0 } });
    if (!flagAt(attributes, 'zeros')) return read;
    const column = emit.apply('Reshape', [slotMask, emit.sizes([-1, ...shape.slice(1).map(() => 1)])]);
    return emit.apply('Mul', [read, column]);
  },
} satisfies Record<Op, Lowering>;

export const tensorflow = {
  Gather: (emit, of, { dtype }) => {
    const [table, indices] = exactly('Gather', of, 2);
    return gathered(emit, table, indices, { dtype });
  },
  Pack: (emit, of, { dtype }) => {
    const [padded, tokenSlots] = exactly('Pack', of, 4);
    return gathered(emit, padded, tokenSlots, { dtype });
  },
  Unpack: (emit, of, { attributes, dtype, shape }) => {
    const [rows, , slotTokens, slotMask] = exactly('Unpack', of, 4);
    const read = gathered(emit, rows, slotTokens, { dtype });
    if (!flagAt(attributes, 'zeros')) return read;
    const mask = dtype === 'float32' ? slotMask : converted(emit, slotMask, 'float32', dtype);
    const column = reshaped(emit, mask, emit.sizes([-1, ...shape.slice(1).map(() => 1)]), dtype);
    return typed(emit, 'Mul', [read, column], dtype);
  },
} satisfies Record<Op, Lowering>;
