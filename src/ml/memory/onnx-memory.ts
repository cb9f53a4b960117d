import { elementCount } from '../element-count.ts';
import { takeOutMasks } from '../runtime/onnx/drawn-masks.ts';
import { takeOutRows } from '../runtime/onnx/rows-in-place.ts';
import { emitOnnx } from '../runtime/onnx/emit-onnx.ts';
import type { OnnxGraph, OnnxNode } from '../runtime/onnx/model-proto.ts';
import { evaluate } from '../tensor/dimension.ts';
import type { Graph } from '../tensor/node.ts';
import { simplify } from '../tensor/simplify.ts';
import { type Chunk, createArena } from './arena.ts';
import { isLogits, type LiveMemory, type LiveOptions } from './live-memory.ts';
import { onnxSizes } from './onnx-sizes.ts';

/**
 * Simulates the memory of onnxruntime running a graph, without computing. Of the feeds, only the dropout
 * masks count: they are in memory all the time.
 */
export function onnxMemory(graph: Graph, { sizes, vocabulary, isElsewhere }: LiveOptions): LiveMemory {
  const { graph: masked, masks } = takeOutMasks(graph);
  const emitted = emitOnnx(simplify(takeOutRows(masked).graph));
  const drawn = masks.reduce(
    (sum, { input }) => sum + 4 * elementCount(input.shape.map((size) => evaluate(size, sizes))),
    0,
  );
  const sized = onnxSizes(emitted, sizes);
  const elsewhere = new Set(
    Object.entries(emitted.outputs).flatMap(([name, inner]) => (isElsewhere(name) ? [inner] : [])),
  );
  const ofScores = isLogits(graph, vocabulary, sizes);
  const nodes = inOrder(emitted.graph);
  const arena = createArena();
  let peak = { activations: 0, logits: 0 };

  function step(): void {
    const live = { activations: 0, logits: 0 };
    const uses = new Map<string, number>();
    for (const name of [...nodes.flatMap(({ inputs }) => [...new Set(inputs)]), ...emitted.graph.outputs])
      uses.set(name, (uses.get(name) ?? 0) + 1);
    const buffers = new Map<string, Buffer>();
    const drop = (name: string): void => {
      const left = (uses.get(name) ?? 0) - 1;
      uses.set(name, left);
      const buffer = buffers.get(name);
      if (buffer === undefined || left > 0) return;
      buffer.values -= 1;
      if (buffer.values > 0 || buffer.chunk === undefined) return;
      arena.free(buffer.chunk);
      live.activations -= buffer.bytes;
      live.logits -= buffer.ofLogits;
    };
    for (const node of nodes) {
      for (const name of node.outputs) {
        const { bytes, shape } = sized.get(name) ?? { bytes: 0, shape: [] };
        const isView = node.operator === 'Reshape' || node.operator === 'Identity';
        const viewed = isView && !elsewhere.has(name) ? buffers.get(node.inputs[0] ?? '') : undefined;
        // A view of a feed takes no memory either.
        const isOwn = !isView && !elsewhere.has(name);
        const buffer = viewed ?? {
          bytes: isOwn ? bytes : 0,
          ofLogits: isOwn && ofScores(shape) ? bytes : 0,
          chunk: isOwn ? arena.allocate(bytes) : undefined,
          values: 0,
        };
        buffer.values += 1;
        buffers.set(name, buffer);
        if (viewed !== undefined) continue;
        live.activations += buffer.bytes;
        live.logits += buffer.ofLogits;
      }
      if (live.activations > peak.activations) peak = { ...live };
      for (const name of new Set(node.inputs)) drop(name);
      for (const name of node.outputs)
        if ((uses.get(name) ?? 0) === 0) {
          uses.set(name, 1);
          drop(name);
        }
    }
    for (const name of emitted.graph.outputs) drop(name);
  }
  // A second step finds other free chunks than the first.
  step();
  step();
  return { ...peak, activations: peak.activations + drawn, touched: arena.touched + drawn };
}

/** Memory, and how many of the values that lie in it are still needed. */
interface Buffer {
  readonly bytes: number;
  readonly ofLogits: number;
  /** Undefined: it is not the arena's. */
  readonly chunk: Chunk | undefined;
  values: number;
}

/**
 * As onnxruntime orders nodes (Graph::ReverseDFSFrom): depth first from the last output, and of a node's
 * inputs the one first that was written last.
 */
function inOrder({ nodes }: OnnxGraph): readonly OnnxNode[] {
  const producers = new Map(
    nodes.flatMap(({ outputs }, index) => outputs.map((name) => [name, index] as const)),
  );
  const needs = nodes.map(({ inputs }) =>
    [...new Set(inputs.flatMap((name) => producers.get(name) ?? []))].sort((a, b) => a - b),
  );
  const needed = new Set(needs.flat());
  const visited = new Set<number>();
  const order: OnnxNode[] = [];
  const stack = nodes.flatMap((node, index) => (needed.has(index) ? [] : [{ node, index, isLeft: false }]));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, index, isLeft } = top;
    if (isLeft) {
      order.push(node);
      continue;
    }
    if (visited.has(index)) continue;
    visited.add(index);
    stack.push({ node, index, isLeft: true });
    for (const each of needs[index] ?? []) {
      const producer = nodes[each];
      if (producer !== undefined && !visited.has(each))
        stack.push({ node: producer, index: each, isLeft: false });
    }
  }
  return order;
}
