import type { Node } from '../tensor/node.ts';
import { add, cast, multiply, stopGradient } from '../tensor/ops/elementwise.ts';
import { reshape, slice } from '../tensor/ops/layout.ts';

/**
 * The same value, available only after the signals: a zero computed from them is added. So what would be
 * computed side by side, and be held in memory together, comes one after the other. Signals that are not
 * finite spoil the value: they are gradients and losses, whose step is lost anyway.
 */
export function controlDependency(signals: readonly Node[]): (node: Node) => Node {
  if (signals.length === 0) return (node) => node;
  const elements = signals.map((signal) =>
    reshape(
      signal.shape.reduce<Node>((x, _, axis) => slice(x, axis, 0, 1), stopGradient(signal)),
      [1],
    ),
  );
  const zero = reshape(
    multiply(
      elements.reduce((sum, element) => add(sum, element)),
      0,
    ),
    [],
  );
  return (node) => add(node, cast(zero, node.dtype));
}
