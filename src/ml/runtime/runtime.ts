import type { Result } from '../../result.ts';
import type { TrainingGraph } from '../model/mt5-loss.ts';
import type { Graph, Node, Shape } from '../tensor/node.ts';
import type { OptimizerSettings } from './optimizer.ts';

/**
 * A tensor in this process's memory: a feed or an output of a session. Row-major; `bool` is a byte an
 * element.
 */
export type HostValue = { readonly shape: readonly number[] } & (
  | { readonly dtype: 'float32'; readonly data: Float32Array }
  | { readonly dtype: 'int32'; readonly data: Int32Array }
  | { readonly dtype: 'uint32'; readonly data: Uint32Array }
  | { readonly dtype: 'int64'; readonly data: BigInt64Array }
  | { readonly dtype: 'bool'; readonly data: Uint8Array }
);

export type Values = Readonly<Record<string, HostValue>>;

/**
 * The port: what every engine can do. One is loaded by its name, so that a bundle reaches only those that its
 * parameters name.
 */
export interface Runtime {
  readonly name: 'onnx' | 'tensorflow';
  /** The device that really computes, as reported by the engine: "cpu", "cuda:0 NVIDIA H200". */
  readonly device: string;
  /** Name and version of the engine, as in the manifest: "onnxruntime-node 1.30.0". */
  readonly version: string;
  /**
   * Compiles the entries of a session, or each when it first runs. Throws on an illegal graph: a bug of the
   * code that built it.
   */
  open<Name extends string>(plan: SessionPlan<Name>): Promise<Session<Name>>;
}

/**
 * A runtime whose sessions can be trained. Apart from `Runtime`, so that what only computes loads no
 * optimizer.
 */
export interface TrainingRuntime extends Runtime {
  openTraining<Name extends string>(plan: TrainingPlan<Name>): Promise<TrainingSession<Name>>;
}

/**
 * A program with state: entries that are computed from feeds and from values that the session holds. An
 * `Input` of a graph reads the constant or variable of its name; every other input is fed.
 */
export interface SessionPlan<Name extends string = string> {
  /**
   * Values that do not change, such as weights. A session may read them in place: they must not be modified
   * while it is open.
   */
  readonly constants?: Values;
  /**
   * Values that entries change: float32, of these shapes, whose named sizes may differ from run to run. They
   * have no value until an entry gives them one.
   */
  readonly variables?: Readonly<Record<string, Shape>>;
  readonly entries: Readonly<Record<Name, Entry>>;
}

/** The outputs are given back. */
export interface Entry extends Graph {
  /**
   * The new values of variables, assigned when all outputs and all updates have been computed from the old
   * ones.
   */
  readonly updates?: Readonly<Record<string, Node>>;
}

export interface Session<Name extends string = string> {
  /**
   * Runs an entry. Named sizes are taken from the shapes of the feeds and the held values; two that disagree
   * are an error that names both. Feeds are read only. The returned values are the caller's. Runs that read
   * or update variables must not overlap: a run may write to the memory of a value before the current one.
   */
  run(entry: Name, feeds: Values): Promise<Values>;
  /** Frees the memory of the device. The session cannot run afterwards. */
  release(): Promise<void>;
}

/** A session that trains some of its values. */
export interface TrainingPlan<Name extends string = string> extends SessionPlan<Name> {
  readonly training: Training;
}

export interface Training {
  readonly graph: TrainingGraph;
  /** The trained parameters: float32. Entries read them like variables, and do not update them. */
  readonly trained: ReadonlyMap<string, readonly number[]>;
  readonly optimizer: OptimizerSettings;
  readonly weightDecayOf: (name: string) => number;
  /** The most micro-batches that a step has. */
  readonly accumulation: number;
}

export interface TrainingSession<Name extends string = string> extends Session<Name> {
  /**
   * The optimizer's state variables, and how many elements each has. With the trained parameters they are all
   * that a resumed training needs; both are zero until they are filled.
   */
  readonly memory: ReadonlyMap<string, number>;
  /**
   * One step: sums the losses and gradients of the micro-batches, weighted by their feeds, clips the
   * gradients and updates the trained parameters. If the loss or the norm is not finite, no variable is
   * changed.
   */
  step(microBatches: readonly Values[], update: Update): Promise<StepResult>;
  /** The values of variables. They may lie in the memory of the session: the next step may change them. */
  read(names: Iterable<string>): Promise<Values>;
  /**
   * This variable and those that are read together with it at no further cost: trained ones or the optimizer's,
   * which follow one another in the order of their names.
   */
  readWith(name: string): readonly string[];
  /**
   * Gives variables their values, one after the other in an order of its own: `fill` writes every element of
   * `into`. Ends at the first that cannot be filled; some are changed then.
   */
  assign<Failure>(
    names: Iterable<string>,
    fill: (name: string, into: Float32Array) => Promise<Result<void, Failure>>,
  ): Promise<Result<void, Failure>>;
}

/** What changes from step to step. */
export interface Update {
  /** From 1 on. */
  readonly step: number;
  readonly learningRate: number;
  /** The L2 norm that gradients are clipped to; null leaves them. */
  readonly maxGradientNorm: number | null;
}

export interface StepResult {
  readonly loss: number;
  /** The L2 norm over all gradients, before clipping. */
  readonly gradientNorm: number;
}

/** How a runtime computes. */
export interface RuntimeOptions {
  /**
   * Threads that one op may be spread over. The last bits of long sums depend on it: it belongs in the key of
   * a result.
   */
  readonly threads: number;
  /** Where an engine that is installed by itself lies. */
  readonly folder?: string;
  /** The allowed device: the CPU alone unless a GPU is requested. */
  readonly device?: 'cpu' | 'cuda';
  /**
   * The precision of matrix products and activations; float32 by default. onnx, which has no such kernels,
   * ignores it.
   */
  readonly precision?: Precision;
}

/**
 * `bf16`: matrix products, and what gradients keep of a layer, are of bfloat16 (inBfloat16); all else is
 * float32.
 */
export type Precision = 'float32' | 'bf16';

/**
 * What the module of an engine exports. A stage is given one, bundled by itself: no stage program holds the
 * code of any.
 */
export interface Engine<Opened extends Runtime = Runtime> {
  openEngine(options: RuntimeOptions): Opened;
}
