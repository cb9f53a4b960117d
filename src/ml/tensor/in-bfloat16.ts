import { numberAt } from './attribute.ts';
import { mapNodes } from './map-nodes.ts';
import type { Graph, Node } from './node.ts';
import type { OpName } from './op.ts';
import { cast, multiply } from './ops/elementwise.ts';
import { nodeOf } from './shape.ts';

/**
 * The graph with products of bfloat16, much as under torch.autocast: the operands of a product are rounded,
 * and what comes out of it; softmax and activations are computed in float32 and rounded, since the gradient
 * keeps them; what moves elements leaves their type. Sums, norms, losses and the states between layers stay
 * in float32, and so do all outputs.
 */
export function inBfloat16(graph: Graph): Graph {
  const narrowed = new Map<Node, Node>();
  // Rounded once, so that the gradient keeps what is rounded, and widened at each use, so that it keeps that.
  const narrow = (node: Node): Node => {
    const narrower = narrowed.get(node) ?? (node.dtype === 'float32' ? cast(node, 'bfloat16') : node);
    if (node.op !== 'Input') narrowed.set(node, narrower);
    return narrower;
  };
  const { outputs } = mapNodes(graph, (node) => withPrecision(node, narrow));
  return {
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, widened(node)])),
  };
}

function withPrecision(node: Node, narrow: (node: Node) => Node): Node {
  const { op, inputs: of, shape, attributes } = node;
  if (op === 'MatMul') {
    const type = { dtype: 'bfloat16', shape } as const;
    const product = nodeOf(op, of.map(narrow), type, { ...attributes, scale: 1 });
    const scale = numberAt(attributes, 'scale');
    return scale === 1 ? product : multiply(widened(product), scale);
  }
  if (moving.has(op) && of.every(({ dtype }, index) => dtype === 'bfloat16' || !isMoved(op, index)))
    return nodeOf(op, of, { dtype: of[0]?.dtype ?? node.dtype, shape }, attributes);
  const wide = nodeOf(op, of.map(widened), node, attributes);
  return keptByGradients.has(op) ? narrow(wide) : wide;
}

/** Most have elements to be moved only in the first input; the others are indices. */
const isMoved = (op: OpName, index: number): boolean => index === 0 || op === 'Concat';

const moving: ReadonlySet<OpName> = new Set([
  'Reshape',
  'Transpose',
  'Expand',
  'Slice',
  'Pad',
  'Concat',
  'Pack',
  'Unpack',
  'StopGradient',
]);

const keptByGradients: ReadonlySet<OpName> = new Set([
  'Softmax',
  'GeluTanh',
  'GeluErf',
  'Relu',
  'Sigmoid',
  'Tanh',
]);

const widened = (node: Node): Node => (node.dtype === 'bfloat16' ? cast(node, 'float32') : node);
