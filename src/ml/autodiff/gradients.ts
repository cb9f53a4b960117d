import type { Node } from '../tensor/node.ts';
import type { OpName } from '../tensor/op.ts';
import { gradients as activation } from '../tensor/ops/activation.ts';
import { add, gradients as elementwise } from '../tensor/ops/elementwise.ts';
import { gradients as indexing } from '../tensor/ops/indexing.ts';
import { gradients as layout } from '../tensor/ops/layout.ts';
import { gradients as loss } from '../tensor/ops/loss.ts';
import { gradients as matmul } from '../tensor/ops/matmul.ts';
import { gradients as normalization } from '../tensor/ops/normalization.ts';
import { gradients as random } from '../tensor/ops/random.ts';
import { gradients as reduction } from '../tensor/ops/reduction.ts';
import { constant, gradients as source } from '../tensor/ops/source.ts';
import type { GradientRule } from '../tensor/rule.ts';
import { sameShape, typeText } from '../tensor/shape.ts';
import { inputsFirst } from '../tensor/walk.ts';

/**
 * The gradients of a scalar with respect to nodes of its graph, by reverse accumulation: one node for each of
 * `of`, with its shape. Any node may be asked for, not only inputs; `undefined` where the scalar does not
 * depend on it.
 *
 * An embedding table has no gradient inside the graph (indices repeat, and adding at repeated indices is not
 * deterministic): ask for the gradient with respect to the `Gather` node, make it an output, and add its rows
 * to the table's gradient outside, by the same indices.
 */
export function gradients(scalar: Node, of: readonly Node[]): readonly (Node | undefined)[] {
  if (scalar.shape.length !== 0 || scalar.dtype !== 'float32')
    throw new Error(`gradients: expected a float32 scalar, not ${typeText(scalar)}`);
  const order = inputsFirst([scalar]);
  const wanted = new Set(of);
  const depends = new Set<Node>();
  for (const node of order)
    if (wanted.has(node) || node.inputs.some((input) => depends.has(input))) depends.add(node);

  const gradientOf = new Map<Node, Node>([[scalar, constant(1)]]);
  for (const node of order.toReversed()) {
    const upstream = gradientOf.get(node);
    if (upstream === undefined || !node.inputs.some((input) => depends.has(input))) continue;
    const shares = rules[node.op](node, upstream);
    for (const [i, input] of node.inputs.entries()) {
      const share = shares[i];
      if (share === undefined || !depends.has(input)) continue;
      if ('because' in share)
        throw new Error(`${node.op} has no gradient with respect to its input ${i}: ${share.because}`);
      if (!sameShape(share.shape, input.shape))
        throw new Error(
          `the gradient rule of ${node.op} gives ${typeText(share)} for input ${i}, expected ${typeText(input)}`,
        );
      const before = gradientOf.get(input);
      gradientOf.set(input, before === undefined ? share : add(before, share));
    }
  }
  return of.map((node) => gradientOf.get(node));
}

/** The gradient column of every family. Bundlers keep it in whatever imports this module. */
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
};
