import { dimensionAt, numberAt } from '../tensor/attribute.ts';
import { sumOf } from '../tensor/dimension.ts';
import type { Dimension, Node } from '../tensor/node.ts';
import type { OpName } from '../tensor/op.ts';
import { gradients as activation } from '../tensor/ops/activation.ts';
import { add, gradients as elementwise } from '../tensor/ops/elementwise.ts';
import { gradients as indexing } from '../tensor/ops/indexing.ts';
import { gradients as layout, joined } from '../tensor/ops/layout.ts';
import { gradients as loss } from '../tensor/ops/loss.ts';
import { gradients as matmul } from '../tensor/ops/matmul.ts';
import { gradients as normalization } from '../tensor/ops/normalization.ts';
import { gradients as random } from '../tensor/ops/random.ts';
import { gradients as reduction } from '../tensor/ops/reduction.ts';
import { gradients as selection } from '../tensor/ops/selection.ts';
import { constant, gradients as source } from '../tensor/ops/source.ts';
import type { GradientRule } from '../tensor/rule.ts';
import { sameShape, sizeOf, typeText } from '../tensor/shape.ts';
import { inputsFirst } from '../tensor/walk.ts';

/**
 * The gradients of a scalar with respect to nodes of its graph, by reverse accumulation: one node for each of
 * `of`, with its shape. Any node can be given, not only inputs; `undefined` where the scalar does not depend
 * on it.
 *
 * An embedding table has no gradient inside the graph (indices repeat, and adding at repeated indices is not
 * deterministic): take the gradient with respect to the `Gather` node, make it an output, and add its rows to
 * the table's gradient outside, by the same indices.
 */
export function gradients(scalar: Node, of: readonly Node[]): readonly (Node | undefined)[] {
  if (scalar.shape.length !== 0 || scalar.dtype !== 'float32')
    throw new Error(`gradients: expected a float32 scalar, not ${typeText(scalar)}`);
  const order = inputsFirst([scalar]);
  const wanted = new Set(of);
  const depends = new Set<Node>();
  for (const node of order)
    if (wanted.has(node) || node.inputs.some((input) => depends.has(input))) depends.add(node);

  const sharesOf = new Map<Node, readonly Node[]>([[scalar, [constant(1)]]]);
  const gradientOf = new Map<Node, Node>();
  for (const node of order.toReversed()) {
    const upstream = sumOfShares(sharesOf.get(node) ?? []);
    if (upstream !== undefined && wanted.has(node)) gradientOf.set(node, upstream);
    if (upstream === undefined || !node.inputs.some((input) => depends.has(input))) continue;
    const shares = rules[node.op](node, upstream);
    for (const [i, input] of node.inputs.entries()) {
      const share = shares[i];
      if (share === undefined || !depends.has(input)) continue;
      if ('because' in share)
        throw new Error(`${node.op} has no gradient with respect to its input ${i}: ${share.because}`);
      if (!sameShape(share.shape, input.shape))
        throw new Error(
          `the gradient rule of ${node.op} gives ${typeText(share)} for input ${i}, expected ` +
            `${typeText(input)}`,
        );
      sharesOf.set(input, [...(sharesOf.get(input) ?? []), share]);
    }
  }
  return of.map((node) => gradientOf.get(node));
}

/**
 * If all parts of an axis were used separately, their gradients are joined: they need not be padded and
 * added.
 */
function sumOfShares(shares: readonly Node[]): Node | undefined {
  const [first, ...rest] = shares;
  return first === undefined ? undefined : (tiled(shares) ?? rest.reduce(add, first));
}

/**
 * The shares joined, where each is padded on the same axis and they follow each other from its start to its
 * end.
 */
function tiled(shares: readonly Node[]): Node | undefined {
  if (shares.length < 2) return undefined;
  const parts: Node[] = [];
  const axes = new Set<number>();
  let start: Dimension = 0;
  let left = [...shares];
  while (left.length > 0) {
    const next = left.find(
      ({ op, attributes }) => op === 'Pad' && dimensionAt(attributes, 'before') === start,
    );
    const [part] = next?.inputs ?? [];
    if (next === undefined || part === undefined) return undefined;
    const axis = numberAt(next.attributes, 'axis');
    if (axes.add(axis).size > 1) return undefined;
    start = sumOf([start, sizeOf(part, axis)]);
    parts.push(part);
    left = left.filter((share) => share !== next);
    if (left.length === 0 && dimensionAt(next.attributes, 'after') !== 0) return undefined;
  }
  return joined(parts, [...axes][0] ?? 0);
}

/** The gradient column of every family. Bundlers keep it in every program that imports this module. */
const rules: Readonly<Record<OpName, GradientRule>> = {
  ...source,
  ...layout,
  ...elementwise,
  ...reduction,
  ...matmul,
  ...normalization,
  ...activation,
  ...indexing,
  ...loss,
  ...random,
  ...selection,
};
