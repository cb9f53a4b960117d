import type { Graph } from '../tensor/node.ts';

/**
 * A tensor in this process' memory: what a program is fed with and what it gives back. Row-major; `bool` is a
 * byte an element.
 */
export type HostValue = { readonly shape: readonly number[] } & (
  | { readonly dtype: 'float32'; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly data: Int32Array }
  | { readonly dtype: 'uint32'; readonly data: Uint32Array }
  | { readonly dtype: 'int64'; readonly data: BigInt64Array }
  | { readonly dtype: 'bool'; readonly data: Uint8Array }
);

/** A graph made ready for one device. */
export interface Program {
  /**
   * Computes the outputs from the inputs, both by name. Named dimensions are taken from the shapes of the
   * feeds; two feeds that disagree are an error that names both. `into` gives memory for outputs that shall
   * be written in place: the value returned for such an output is the given one. Feeds are read only; an
   * output given `into` must not share memory with a feed.
   */
  run(
    feeds: Readonly<Record<string, HostValue>>,
    into?: Readonly<Record<string, HostValue>>,
  ): Promise<Readonly<Record<string, HostValue>>>;
  /** Frees the device's memory. The program cannot run afterwards. */
  release(): Promise<void>;
}

/**
 * The port: what every engine can do. One is loaded by its name, so that a bundle reaches only those that its
 * parameters name.
 */
export interface Runtime {
  readonly name: 'onnx' | 'tensorflow';
  /** The device that really computes, as reported by the engine: "cpu", "cuda:0 NVIDIA H200". */
  readonly device: string;
  /** Name and version of the engine, as it stands in the manifest: "onnxruntime-node 1.30.0". */
  readonly version: string;
  /** Makes a graph ready to run. Throws where the graph is not legal: a bug of what built it. */
  compile(graph: Graph): Promise<Program>;
}

/** How a runtime computes. */
export interface RuntimeOptions {
  /**
   * Threads that one op may be spread over. The last bits of long sums depend on it: it belongs in the key of
   * a result.
   */
  readonly threads: number;
}

/**
 * What the module of an engine exports. A stage is given one, bundled by itself: no stage program holds the
 * code of any.
 */
export interface Engine {
  openEngine(options: RuntimeOptions): Runtime;
}
