import { InferenceSession, Tensor } from 'onnxruntime-node';
import { graphFaults } from '../../tensor/check-graph.ts';
import { evaluate } from '../../tensor/dimension.ts';
import { elementCount } from '../../element-count.ts';
import type { DType, Graph } from '../../tensor/node.ts';
import { simplify } from '../../tensor/simplify.ts';
import type { HostValue, RuntimeOptions, Values } from '../runtime.ts';
import { sizesOfFeeds } from '../sizes-of-feeds.ts';
import { type EmittedGraph, emitOnnx } from './emit-onnx.ts';
import { modelProto, type OnnxGraph } from './model-proto.ts';

/** A graph made ready to run. */
export interface OnnxProgram {
  /**
   * Computes the outputs from the inputs, both by name. An output is written to the memory that `into` gives
   * for it, and returned as that value. Feeds are read only, and used where they lie (WebAssembly memories
   * too): memory from `into` must not overlap a feed.
   */
  run(feeds: Values, into?: PlaceOutput): Promise<Values>;
  release(): Promise<void>;
}

/** The memory for an output; undefined: new memory. */
export type PlaceOutput = (name: string, shape: readonly number[]) => HostValue | undefined;

/** Throws on an illegal graph: a bug of the code that built it. */
export async function compileOnnx(graph: Graph, { threads }: RuntimeOptions): Promise<OnnxProgram> {
  const faults = graphFaults(graph);
  if (faults.length > 0) throw new Error(`the graph is not legal: ${faults.join('; ')}`);
  const simple = simplify(graph);
  const program = emitOnnx(simple);
  const session = await InferenceSession.create(modelProto(withRefusedOutput(program.graph)), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Threads that spin while they wait take the CPU from those with work: on two CPUs, with two threads,
    // they made a greedy search take twice as long, and a training step an eighth longer.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    executionMode: 'sequential',
    // Memory patterns keep a block for each shape of a batch, so memory would grow with every new shape.
    enableMemPattern: false,
    graphOptimizationLevel: 'basic', // the further levels fuse nothing in these graphs
    logSeverityLevel: 4, // errors are thrown, and so need not be printed
  });
  return {
    run: async (feeds, into = () => undefined) => {
      const sizes = sizesOfFeeds(program.inputs, feeds);
      const tensors = tensorsToFeed(program, feeds, sizes);
      const outputs = mapValues(simple.outputs, ({ dtype, shape: dimensions }, name) => {
        const shape = dimensions.map((size) => evaluate(size, sizes));
        return into(name, shape) ?? allocated(dtype, shape);
      });
      const places = Object.entries(program.outputs).flatMap(([name, inner]) => {
        const place = outputs[name];
        return place === undefined ? [] : [[inner, tensorOf(place)] as const];
      });
      await untilRefused(session.run(tensors, { [refused]: null, ...Object.fromEntries(places) }));
      return outputs;
    },
    release: () => session.release(),
  };
}

/**
 * onnxruntime-node 1.30 copies each output of a run to a new array, also one that has a place of its own: for
 * the gradients of a training step, 7 % of its time, and their size in memory once or twice more. It does so
 * output by output, once all are computed, and gives up at one that is no tensor. So such an output, an empty
 * sequence, comes first, and every other one has a place.
 */
const withRefusedOutput = (graph: OnnxGraph): OnnxGraph => ({
  ...graph,
  nodes: [...graph.nodes, { operator: 'SequenceEmpty', inputs: [], outputs: [refused], attributes: {} }],
  outputs: [refused, ...graph.outputs],
});

const refused = '%refused';

/** Waits for a run that computes the refused output too. */
async function untilRefused(run: Promise<unknown>): Promise<void> {
  try {
    await run;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('Non tensor type'))) throw error;
  }
}

function tensorsToFeed(
  { inputs, sizeVectors }: EmittedGraph,
  feeds: Values,
  sizes: ReadonlyMap<string, number>,
): Record<string, Tensor> {
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

const mapValues = <From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
): Readonly<Record<string, To>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));

function allocated(dtype: DType, shape: readonly number[]): HostValue {
  const length = elementCount(shape);
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: new Float32Array(length) };
    case 'int32':
      return { dtype, shape, data: new Int32Array(length) };
    case 'uint32':
      return { dtype, shape, data: new Uint32Array(length) };
    case 'int64':
      return { dtype, shape, data: new BigInt64Array(length) };
    case 'bool':
      return { dtype, shape, data: new Uint8Array(length) };
    case 'bfloat16':
      throw new Error('outputs are not of bfloat16');
  }
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
