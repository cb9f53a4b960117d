import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphFaults } from '../../tensor/check-graph.ts';
import { evaluate } from '../../tensor/dimension.ts';
import type { Graph } from '../../tensor/node.ts';
import { simplify } from '../../tensor/simplify.ts';
import type { HostValue, RuntimeOptions, Values } from '../runtime.ts';
import { sizesOfFeeds } from '../sizes-of-feeds.ts';
import { type EmittedGraph, emitOnnx } from './emit-onnx.ts';
import { modelProto } from './model-proto.ts';

/** A graph made ready to run. */
export interface OnnxProgram {
  /**
   * Computes the outputs from the inputs, both by name. `into` gives memory for outputs that shall be written
   * in place: the value returned for such an output is the given one. Feeds are read only, and used where
   * they lie (WebAssembly memories too); an output given `into` must not share memory with a feed.
   */
  run(feeds: Values, into?: Values): Promise<Values>;
  release(): Promise<void>;
}

/** Throws on an illegal graph: a bug of the code that built it. */
export async function compileOnnx(graph: Graph, { threads }: RuntimeOptions): Promise<OnnxProgram> {
  const faults = graphFaults(graph);
  if (faults.length > 0) throw new Error(`the graph is not legal: ${faults.join('; ')}`);
  const program = emitOnnx(simplify(graph));
  const session = await InferenceSession.create(modelProto(program.graph), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Memory patterns keep a block for each shape of a batch, so memory would grow with every new shape.
    enableMemPattern: false,
    graphOptimizationLevel: 'basic', // the further levels fuse nothing in these graphs
    logSeverityLevel: 4, // errors are thrown, and so need not be printed
  });
  return {
    run: async (feeds, into = {}) => {
      const results = await session.run(tensorsToFeed(program, feeds), fetches(program, into));
      return Object.fromEntries(
        Object.entries(program.outputs).map(([name, inner]) => [
          name,
          into[name] ?? hostValue(name, results[inner]),
        ]),
      );
    },
    release: () => session.release(),
  };
}

function tensorsToFeed({ inputs, sizeVectors }: EmittedGraph, feeds: Values): Record<string, Tensor> {
  const sizes = sizesOfFeeds(inputs, feeds);
  const tensors: Record<string, Tensor> = {};
  for (const { name, inner } of inputs) {
    const feed = feeds[name];
    if (feed !== undefined) tensors[inner] = tensorOf(feed);
  }
  for (const { name, dimensions } of sizeVectors) {
    tensors[name] = new Tensor(
      'int64',
      BigInt64Array.from(dimensions, (size) => BigInt(evaluate(size, sizes))),
      [dimensions.length],
    );
  }
  return tensors;
}

/** Which outputs to compute, and where to: null lets the runtime allocate. */
function fetches({ outputs }: EmittedGraph, into: Values): Record<string, Tensor | null> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, inner]) => {
      const place = into[name];
      return [inner, place === undefined ? null : tensorOf(place)];
    }),
  );
}

function tensorOf(value: HostValue): Tensor {
  switch (value.dtype) {
    case 'float32':
      return new Tensor('float32', value.data, value.shape);
    case 'int32':
      return new Tensor('int32', value.data, value.shape);
    case 'uint32':
      return new Tensor('uint32', value.data, value.shape);
    case 'int64':
      return new Tensor('int64', value.data, value.shape);
    case 'bool':
      return new Tensor('bool', value.data, value.shape);
  }
}

function hostValue(name: string, tensor: Tensor | undefined): HostValue {
  const shape = tensor?.dims ?? [];
  const data = tensor?.data;
  if (tensor?.type === 'bool' && data instanceof Uint8Array) return { dtype: 'bool', shape, data };
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (data instanceof Int32Array) return { dtype: 'int32', shape, data };
  if (data instanceof Uint32Array) return { dtype: 'uint32', shape, data };
  if (data instanceof BigInt64Array) return { dtype: 'int64', shape, data };
  throw new Error(`the runtime returned no usable tensor for the output "${name}" (${tensor?.type})`);
}
