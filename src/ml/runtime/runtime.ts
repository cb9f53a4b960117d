import type { DType, Graph } from '../tensor/node.ts';

/** A tensor in this process' memory: what a program is fed with and what it gives back. */
export interface HostValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint32Array | BigInt64Array | Uint8Array;
}

/** A graph made ready for one device. */
export interface Program {
  /**
   * Computes the outputs from the inputs, both by name. Named dimensions are taken from the shapes of the feeds; two
   * feeds that disagree are an error that names both. `into` gives memory for outputs that shall be written in place.
   */
  run(feeds: Readonly<Record<string, HostValue>>, into?: Readonly<Record<string, HostValue>>): Promise<Readonly<Record<string, HostValue>>>;
  /** Frees the device's memory. The program cannot run afterwards. */
  release(): Promise<void>;
}

/** The port: what every engine can do. One is loaded by its name, so that a bundle reaches only those that its parameters name. */
export interface Runtime {
  readonly name: 'onnx' | 'tensorflow';
  /** The device that really computes, as reported by the engine: "cpu", "cuda:0 NVIDIA H200". */
  readonly device: string;
  /** Name and version of the engine, as it stands in the manifest: "onnxruntime-node 1.30.0". */
  readonly version: string;
  compile(graph: Graph): Promise<Program>;
}
