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
import { logitsTest, type LiveMemory } from './live-memory.ts';
import { type Allocated, createAllocator } from './tensorflow-allocator.ts';
import { createZeroedVariables, float32Bytes, type Shapes } from './zeroed-variables.ts';

export interface TensorflowOptions {
  /** The named sizes. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Of the model: it tells which values are logits. */
  readonly vocabulary: number;
  readonly precision: Precision;
  readonly device: 'cpu' | 'cuda';
  /** The shapes of the parameters that are not trained. */
  readonly constants: Shapes;
  /** The shapes of the trained parameters, by name. */
  readonly trained: Shapes;
  /** The shapes of what the optimizer remembers of each, by name. */
  readonly moments: ReadonlyMap<string, Shapes>;
  /** The shapes of gradients that are added up. */
  readonly accumulated: readonly (readonly number[])[];
}

/**
 * Simulates the memory of TensorFlow from the loading of weights to the end of the second step, without
 * computing: each value takes memory when its node runs, and frees it after its last use. Feeds are not
 * counted. Gradients are alive from when they are made to the end, so activations are counted beside all of
 * them, as if they were alive from the start. The allocator of a GPU is not simulated.
 */
export function tensorflowMemory(
  { graph, dense, lookups }: TrainingGraph,
  { sizes, vocabulary, precision, device, constants, trained, moments, accumulated }: TensorflowOptions,
): LiveMemory {
  const simple = simplify(graph);
  const { steps, outputs } = runOrderOf((precision === 'bf16' ? inBfloat16(simple) : simple).outputs);
  const order = whenReady(steps);
  const bytesOf = ({ op, dtype, shape }: Node): number =>
    elementCount(shape.map((size) => evaluate(size, sizes))) * (isMask(op) ? 1 : elementBytes[dtype]);
  const isLogits = logitsTest(graph, vocabulary, sizes);
  const inPlace = device === 'cpu' ? ofFusedLosses(steps) : new Set<Step>();
  const sizeOf = (name: string): number => float32Bytes(trained.get(name) ?? []);
  const memory = createAllocator();
  for (const shape of constants.values()) memory.allocate(float32Bytes(shape));
  const zeros = createZeroedVariables(memory, trained);
  const momentZeros = createZeroedVariables(
    memory,
    new Map([...moments.values()].flatMap((shapes) => [...shapes])),
  );
  // A variable has its zero until its value is copied.
  for (const name of trained.keys()) zeros.assign(name);
  for (const shape of accumulated) memory.allocate(float32Bytes(shape));
  const gradientBytes = [...trained.keys()].reduce((sum, name) => sum + sizeOf(name), 0);
  let peak = { activations: 0, logits: 0 };

  function run(): void {
    const before = memory.live;
    const uses = usesOf(steps, Object.values(outputs));
    const buffers = new Map<Step, Buffer>();
    let logits = 0;
    const take = (bytes: number, ofLogits = false): Allocated => {
      const taken = memory.allocate(bytes);
      if (ofLogits) logits += bytes;
      const activations = memory.live - before;
      if (activations > peak.activations) peak = { activations, logits };
      return taken;
    };
    for (const step of order) {
      const { node, inputs } = step;
      if (node.op === 'Input' || node.op === 'Constant') continue;
      // Of a parameter, say.
      if (isView(node) && inputs.every((each) => !buffers.has(each))) continue;
      const bytes = bytesOf(node);
      const ofLogits = isLogits(node.shape.map((size) => evaluate(size, sizes)));
      const shared = inPlace.has(step)
        ? bufferOf(inputs[0], buffers)
        : sharedBuffer(step, bytes, buffers, uses);
      const buffer = shared ?? { taken: take(bytes, ofLogits), ofLogits, values: 0 };
      buffer.values += 1;
      buffers.set(step, buffer);
      for (const each of new Set(inputs)) {
        const left = (uses.get(each) ?? 0) - 1;
        uses.set(each, left);
        const held = buffers.get(each);
        if (left > 0 || held === undefined) continue;
        held.values -= 1;
        if (held.values > 0) continue;
        memory.free(held.taken);
        if (held.ofLogits) logits -= held.taken.bytes;
      }
    }
    const gradients = new Map<string, Allocated>();
    for (const name of dense) {
      const output = outputs[`gradient.${name}`];
      const buffer = output === undefined ? undefined : buffers.get(output);
      if (buffer !== undefined) gradients.set(name, buffer.taken);
    }
    // Rows are added up to a table once all of them are there; the head's part is there by then.
    for (const name of new Set(lookups.map(({ parameter }) => parameter))) {
      const table = take(sizeOf(name));
      if (gradients.has(name)) memory.free(table);
      else gradients.set(name, table);
    }
    for (const { output } of lookups) {
      const rows = outputs[output];
      const buffer = rows === undefined ? undefined : buffers.get(rows);
      if (buffer !== undefined) memory.free(buffer.taken);
    }
    for (const [name, gradient] of [...gradients].sort(([, a], [, b]) => a.bytes - b.bytes)) {
      // The weight decay, or the update of Adafactor.
      memory.free(memory.allocate(gradient.bytes));
      for (const moment of moments.get(name)?.keys() ?? []) momentZeros.change(moment);
      memory.free(gradient);
    }
  }
  run();
  const between = memory.live;
  // A second step finds other free chunks than the first, and all moments.
  run();
  const activations = Math.max(0, peak.activations - gradientBytes);
  return {
    activations,
    logits: Math.min(peak.logits, activations),
    touched: device === 'cpu' ? Math.max(activations, memory.touched - between - gradientBytes) : activations,
  };
}

/** Of a cross entropy and its gradient, which are one kernel on the CPU: it writes over the logits. */
function ofFusedLosses(steps: readonly Step[]): ReadonlySet<Step> {
  const uses = usesOf(steps, []);
  return new Set(
    steps.flatMap((step) => {
      const [exponential] = step.node.op === 'SubtractOneHot' ? step.inputs : [];
      const [logarithm] = exponential?.node.op === 'Exp' ? exponential.inputs : [];
      if (exponential === undefined || logarithm?.node.op !== 'LogSoftmax') return [];
      const inner = [exponential, logarithm];
      return inner.every((each) => uses.get(each) === 1) ? [step, ...inner] : [];
    }),
  );
}

/** Memory, and how many of the values that lie in it are still needed. */
interface Buffer {
  readonly taken: Allocated;
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

const bufferOf = (step: Step | undefined, buffers: ReadonlyMap<Step, Buffer>): Buffer | undefined =>
  step === undefined ? undefined : buffers.get(step);

/** The buffer of an input, where the node is another view of it, or may overwrite it. */
function sharedBuffer(
  { node, inputs }: Step,
  bytes: number,
  buffers: ReadonlyMap<Step, Buffer>,
  uses: ReadonlyMap<Step, number>,
): Buffer | undefined {
  if (isView(node)) return bufferOf(inputs[0], buffers);
  if (!overwriting.has(node.op)) return undefined;
  for (const each of inputs) {
    const buffer = buffers.get(each);
    if (buffer?.taken.bytes === bytes && buffer.values === 1 && uses.get(each) === 1) return buffer;
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
