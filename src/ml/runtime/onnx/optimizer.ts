import type { RowGradient } from './kernels/row-gradient.ts';

/**
 * A tensor that is trained. The optimizer changes `parameter` in place; `gradient` is what the last step
 * gave, and may be used up by the update.
 */
export interface TrainedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /**
   * Of a table that is only looked up, where the optimizer takes its gradient by rows: the gradient.
   * `gradient` has the length of some rows then, for a block of them at a time.
   */
  readonly rows?: RowGradient | undefined;
  /** Arrays of the parameter's length for the optimizer's state of each element. */
  readonly moments: readonly Float32Array[];
  readonly weightDecay: number;
}

/** What changes from step to step. */
export interface OptimizerStep {
  /** From 1 on. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor of the gradients: what clipping leaves of them. */
  readonly gradientScale: number;
}

/** Turns gradients into changes of the parameters. */
export interface Optimizer {
  /** One step over all tensors. */
  update(step: OptimizerStep): void;
  /** Its state from step to step, under the names of optimizerMemory. */
  readonly memory: ReadonlyMap<string, Float32Array>;
}
