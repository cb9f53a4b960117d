import { elementCount } from '../element-count.ts';
import { evaluate } from '../tensor/dimension.ts';
import type { Graph, Node } from '../tensor/node.ts';
import type { OpName } from '../tensor/op.ts';
import { simplify } from '../tensor/simplify.ts';
import { inputsFirst } from '../tensor/walk.ts';
import { elementBytes } from '../runtime/raw-data.ts';
import type { LiveMemory, LiveOptions } from './live-memory.ts';

/**
 * Runs a graph as TensorFlow does, without computing anything: each value takes memory when its node runs,
 * and gives it back after its last use. What is fed is not counted.
 */
export function tensorflowMemory(graph: Graph, { sizes, vocabulary, isElsewhere }: LiveOptions): LiveMemory {
  const outputs = eachOnce(simplify(graph).outputs);
  const roots = Object.values(outputs);
  const nodes = whenReady(roots);
  const elsewhere = new Set(
    Object.entries(outputs).flatMap(([name, node]) => (isElsewhere(name) ? [node] : [])),
  );
  const bytesOf = (node: Node): number =>
    elementCount(node.shape.map((size) => evaluate(size, sizes))) * elementBytes[node.dtype];
  const isLogits = ({ shape }: Node): boolean => shape.length === 2 && shape[1] === vocabulary;
  const uses = usesOf(nodes, roots);
  const buffers = new Map<Node, Buffer>();
  const live = { activations: 0, logits: 0 };
  let peak = { ...live };
  const change = ({ bytes, ofLogits }: Buffer, sign: 1 | -1): void => {
    live.activations += sign * bytes;
    if (ofLogits) live.logits += sign * bytes;
    if (live.activations > peak.activations) peak = { ...live };
  };
  for (const node of nodes) {
    if (node.op === 'Input' || node.op === 'Constant') continue;
    const bytes = elsewhere.has(node) ? 0 : bytesOf(node);
    const shared = sharedBuffer(node, bytes, buffers, uses);
    const buffer = shared ?? { bytes, ofLogits: isLogits(node), values: 0 };
    if (shared === undefined) change(buffer, 1);
    buffer.values += 1;
    buffers.set(node, buffer);
    for (const each of new Set(node.inputs)) {
      const left = (uses.get(each) ?? 0) - 1;
      uses.set(each, left);
      const held = buffers.get(each);
      if (left > 0 || held === undefined) continue;
      held.values -= 1;
      if (held.values === 0) change(held, -1);
    }
  }
  return { ...peak, touched: peak.activations };
}

/** Memory, and how many of the values that lie in it are still needed. */
interface Buffer {
  readonly bytes: number;
  readonly ofLogits: boolean;
  values: number;
}

/**
 * The same graph as it is written: what is applied to the same values twice is one node, and what only stops
 * gradients is none.
 */
function eachOnce(outputs: Graph['outputs']): Graph['outputs'] {
  const known = new Map<string, Node>();
  const numbers = new Map<Node, number>();
  const taken = new Map<Node, Node>();
  const now = (node: Node): Node => taken.get(node) ?? node;
  for (const node of inputsFirst(Object.values(outputs))) {
    const inputs = node.inputs.map(now);
    const [first] = inputs;
    if (node.op === 'StopGradient' && first !== undefined) {
      taken.set(node, first);
      continue;
    }
    const key = JSON.stringify([
      node.op,
      node.dtype,
      node.shape,
      node.attributes,
      inputs.map((each) => numbers.get(each)),
    ]);
    const same = known.get(key) ?? { ...node, inputs };
    known.set(key, same);
    if (!numbers.has(same)) numbers.set(same, numbers.size);
    taken.set(node, same);
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, node]) => [name, now(node)]));
}

/** How often the value of each node is needed. */
function usesOf(nodes: readonly Node[], roots: readonly Node[]): Map<Node, number> {
  const uses = new Map<Node, number>();
  for (const node of [...nodes.flatMap(({ inputs }) => [...new Set(inputs)]), ...roots])
    uses.set(node, (uses.get(node) ?? 0) + 1);
  return uses;
}

/** The buffer of an input, where the node is another view of it, or may overwrite it. */
function sharedBuffer(
  node: Node,
  bytes: number,
  buffers: ReadonlyMap<Node, Buffer>,
  uses: ReadonlyMap<Node, number>,
): Buffer | undefined {
  if (node.op === 'Reshape') return buffers.get(node.inputs[0] ?? node);
  if (!overwriting.has(node.op)) return undefined;
  for (const each of node.inputs) {
    const buffer = buffers.get(each);
    if (buffer?.bytes === bytes && buffer.values === 1 && uses.get(each) === 1) return buffer;
  }
  return undefined;
}

const overwriting: ReadonlySet<OpName> = new Set([
  'Add',
  'Subtract',
  'Multiply',
  'Divide',
  'Maximum',
  'Negate',
  'Exp',
  'Log',
  'Sqrt',
  'Tanh',
  'Sigmoid',
  'Erf',
  'Relu',
  'Square',
  'Reciprocal',
  'Softmax',
]);

/** As TensorFlow runs nodes: each as soon as its inputs are there. */
function whenReady(roots: readonly Node[]): readonly Node[] {
  const all = inputsFirst(roots);
  const open = new Map(all.map((node) => [node, new Set(node.inputs).size]));
  const users = new Map<Node, Node[]>();
  for (const node of all)
    for (const each of new Set(node.inputs)) users.set(each, [...(users.get(each) ?? []), node]);
  const queue = all.filter(({ inputs }) => inputs.length === 0);
  for (const node of queue) {
    for (const user of users.get(node) ?? []) {
      const left = (open.get(user) ?? 0) - 1;
      open.set(user, left);
      if (left === 0) queue.push(user);
    }
  }
  return queue;
}
