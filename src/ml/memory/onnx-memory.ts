import { elementCount } from '../element-count.ts';
import { takeOutMasks } from '../runtime/onnx/drawn-masks.ts';
import { takeOutRows } from '../runtime/onnx/rows-in-place.ts';
import { emitOnnx } from '../runtime/onnx/emit-onnx.ts';
import type { OnnxGraph, OnnxNode } from '../runtime/onnx/model-proto.ts';
import { elementBytes } from '../runtime/raw-data.ts';
import { evaluate } from '../tensor/dimension.ts';
import type { Graph } from '../tensor/node.ts';
import { simplify } from '../tensor/simplify.ts';
import { type Chunk, createArena } from './arena.ts';
import { logitsTest, type LiveMemory, type LiveOptions } from './live-memory.ts';
import { onnxBuffers } from './onnx-buffers.ts';
import { onnxSizes, symbolicOnnxSizes } from './onnx-sizes.ts';

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
  const isLogits = logitsTest(graph, vocabulary, sizes);
  const nodes = inOrder(emitted.graph);
  const buffers = onnxBuffers(nodes, emitted.graph.outputs, symbolicOnnxSizes(emitted));
  const lastUses = lastUsesOf(nodes, emitted.graph.outputs, buffers);
  const bytesOf = (name: string): number => {
    const { dtype, shape } = sized.get(name) ?? { dtype: 'bool', shape: [0] };
    return elementBytes[dtype] * elementCount(shape);
  };
  const arena = createArena(regionSizes);
  let peak = { activations: 0, logits: 0 };

  function step(): void {
    const live = { activations: 0, logits: 0 };
    const allocated = new Map<string, Buffer>();
    const drop = (name: string): void => {
      const buffer = allocated.get(name);
      if (buffer === undefined) return;
      arena.free(buffer.chunk);
      live.activations -= buffer.bytes;
      live.logits -= buffer.ofLogits;
    };
    for (const [index, node] of nodes.entries()) {
      const scratch = scratchOf(node, bytesOf).map((bytes) => ({ bytes, chunk: arena.allocate(bytes) }));
      for (const name of node.outputs) {
        // A view of a feed takes no memory either.
        if (buffers.get(name) !== name || elsewhere.has(name)) continue;
        const bytes = bytesOf(name);
        const ofLogits = isLogits(sized.get(name)?.shape ?? []) ? bytes : 0;
        const buffer = { bytes, ofLogits, chunk: arena.allocate(bytes) };
        allocated.set(name, buffer);
        live.activations += buffer.bytes;
        live.logits += buffer.ofLogits;
      }
      const activations = scratch.reduce((sum, { bytes }) => sum + bytes, live.activations);
      if (activations > peak.activations) peak = { ...live, activations };
      for (const { chunk } of scratch) arena.free(chunk);
      for (const name of lastUses[index] ?? []) drop(name);
    }
    for (const name of emitted.graph.outputs) drop(name);
  }
  // A second step finds other free chunks than the first.
  step();
  step();
  return { ...peak, activations: peak.activations + drawn, touched: arena.touched + drawn };
}

const regionSizes = { first: 2 ** 20, largest: 2 ** 30 };

/** What the kernel of a node allocates while it runs: Where selects from each side before it joins them. */
function scratchOf({ operator, outputs }: OnnxNode, bytesOf: (name: string) => number): readonly number[] {
  return operator === 'Where' ? outputs.flatMap((name) => [bytesOf(name), bytesOf(name)]) : [];
}

interface Buffer {
  readonly bytes: number;
  readonly ofLogits: number;
  readonly chunk: Chunk;
}

/** The buffers that are not used after each node: not those of outputs. */
function lastUsesOf(
  nodes: readonly OnnxNode[],
  outputs: readonly string[],
  buffers: ReadonlyMap<string, string>,
): readonly (readonly string[])[] {
  const last = new Map<string, number>();
  for (const [index, { inputs, outputs: computed }] of nodes.entries())
    for (const name of [...inputs, ...computed]) last.set(buffers.get(name) ?? name, index);
  for (const name of outputs) last.delete(name);
  const found: string[][] = nodes.map(() => []);
  for (const [name, index] of last) found[index]?.push(name);
  return found;
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
