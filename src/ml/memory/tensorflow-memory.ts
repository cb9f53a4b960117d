import { elementCount } from '../element-count.ts';
import type { TrainingGraph } from '../model/mt5-loss.ts';
import { elementBytes } from '../runtime/raw-data.ts';
import type { Precision } from '../runtime/runtime.ts';
import { runOrderOf, type Step } from '../runtime/tensorflow/run-order.ts';
import { numberAt } from '../tensor/attribute.ts';
import { evaluate } from '../tensor/dimension.ts';
import { inBfloat16 } from '../tensor/in-bfloat16.ts';
import type { Node } from '../tensor/node.ts';
import type { OpName } from '../tensor/op.ts';
import { isMask } from '../tensor/ops/random.ts';
import { simplify } from '../tensor/simplify.ts';
import { isLogits, type LiveMemory } from './live-memory.ts';

export interface TensorflowOptions {
  /** The named sizes. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Of the model: it tells which values are logits. */
  readonly vocabulary: number;
  readonly precision: Precision;
  /** The trained parameters, by name. */
  readonly gradientBytes: ReadonlyMap<string, number>;
}

/**
 * Simulates the memory of TensorFlow running a step, without computing: each value takes memory when its node
 * runs, and frees it after its last use. Feeds are not counted. Gradients are alive from when they are made
 * to the end, so activations are counted beside all of them, as if they were alive from the start.
 */
export function tensorflowMemory(
  { graph, dense, lookups }: TrainingGraph,
  { sizes, vocabulary, precision, gradientBytes }: TensorflowOptions,
): LiveMemory {
  const simple = simplify(graph);
  const { steps, outputs } = runOrderOf((precision === 'bf16' ? inBfloat16(simple) : simple).outputs);
  const bytesOf = ({ op, dtype, shape }: Node): number =>
    elementCount(shape.map((size) => evaluate(size, sizes))) * (isMask(op) ? 1 : elementBytes[dtype]);
  const ofScores = isLogits(graph, vocabulary, sizes);
  const uses = usesOf(steps, Object.values(outputs));
  const buffers = new Map<Step, Buffer>();
  const live = { activations: 0, logits: 0 };
  let peak = { ...live };
  const change = (bytes: number, ofLogits = false): void => {
    live.activations += bytes;
    if (ofLogits) live.logits += bytes;
    if (live.activations > peak.activations) peak = { ...live };
  };
  for (const step of whenReady(steps)) {
    const { node, inputs } = step;
    if (node.op === 'Input' || node.op === 'Constant') continue;
    // Of a parameter, say.
    if (isView(node) && inputs.every((each) => !buffers.has(each))) continue;
    const bytes = bytesOf(node);
    const shared = sharedBuffer(step, bytes, buffers, uses);
    const buffer = shared ?? {
      bytes,
      ofLogits: ofScores(node.shape.map((size) => evaluate(size, sizes))),
      values: 0,
    };
    if (shared === undefined) change(bytes, buffer.ofLogits);
    buffer.values += 1;
    buffers.set(step, buffer);
    for (const each of new Set(inputs)) {
      const left = (uses.get(each) ?? 0) - 1;
      uses.set(each, left);
      const held = buffers.get(each);
      if (left > 0 || held === undefined) continue;
      held.values -= 1;
      if (held.values === 0) change(-held.bytes, held.ofLogits);
    }
  }
  // Rows are added up to a table once all of them are there; the head's part is there by then.
  for (const name of new Set(lookups.map(({ parameter }) => parameter))) change(gradientBytes.get(name) ?? 0);
  const both = dense.filter((name) => lookups.some(({ parameter }) => parameter === name));
  for (const name of both) change(-(gradientBytes.get(name) ?? 0));
  const gradients = [...gradientBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const activations = Math.max(0, peak.activations - gradients);
  return { activations, logits: Math.min(peak.logits, activations), touched: activations };
}

/** Memory, and how many of the values that lie in it are still needed. */
interface Buffer {
  readonly bytes: number;
  readonly ofLogits: boolean;
  values: number;
}

/** How often the value of each is needed. */
function usesOf(steps: readonly Step[], roots: readonly Step[]): Map<Step, number> {
  const uses = new Map<Step, number>();
  for (const step of [...steps.flatMap(({ inputs }) => [...new Set(inputs)]), ...roots])
    uses.set(step, (uses.get(step) ?? 0) + 1);
  return uses;
}

/** The buffer of an input, where the node is another view of it, or may overwrite it. */
function sharedBuffer(
  { node, inputs }: Step,
  bytes: number,
  buffers: ReadonlyMap<Step, Buffer>,
  uses: ReadonlyMap<Step, number>,
): Buffer | undefined {
  if (isView(node)) return inputs[0] === undefined ? undefined : buffers.get(inputs[0]);
  if (!overwriting.has(node.op)) return undefined;
  for (const each of inputs) {
    const buffer = buffers.get(each);
    if (buffer?.bytes === bytes && buffer.values === 1 && uses.get(each) === 1) return buffer;
  }
  return undefined;
}

/** TensorFlow's Slice copies nothing if it takes whole rows (tensorflow/core/kernels/slice_op.cc, 2.21). */
const isView = ({ op, attributes }: Node): boolean =>
  op === 'Reshape' || (op === 'Slice' && numberAt(attributes, 'axis') === 0);

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

const needs = ({ inputs, waitsFor }: Step): ReadonlySet<Step> =>
  new Set([...inputs, ...(waitsFor === undefined ? [] : [waitsFor])]);

/** As TensorFlow runs nodes: each as soon as its inputs, and what it waits for, are there. */
function whenReady(steps: readonly Step[]): readonly Step[] {
  const open = new Map(steps.map((step) => [step, needs(step).size]));
  const users = new Map<Step, Step[]>();
  for (const step of steps)
    for (const each of needs(step)) {
      const known = users.get(each);
      if (known === undefined) users.set(each, [step]);
      else known.push(step);
    }
  const queue = steps.filter((step) => open.get(step) === 0);
  for (const step of queue) {
    for (const user of users.get(step) ?? []) {
      const left = (open.get(user) ?? 0) - 1;
      open.set(user, left);
      if (left === 0) queue.push(user);
    }
  }
  return queue;
}
