/**
 * A tensor that is trained. The optimizer changes `parameter` in place; `gradient` is what the last step
 * gave, and may be used up by the update.
 */
export interface Trained {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameter: Float32Array;
  readonly gradient: Float32Array;
  /** Arrays of the parameter's length for what the optimizer remembers of each element. */
  readonly moments: readonly Float32Array[];
  readonly weightDecay: number;
}

/** What changes from step to step. */
export interface Update {
  /** From 1 on. */
  readonly step: number;
  readonly learningRate: number;
  /** Factor of the gradients: what clipping leaves of them. */
  readonly gradientScale: number;
}

/** Turns gradients into changes of the parameters. */
export interface Optimizer {
  /** One step over all tensors. */
  update(update: Update): void;
  /**
   * All that has to be kept for the next step, by name; a resumed training restores them before it continues.
   */
  readonly memory: ReadonlyMap<string, Float32Array>;
}

/**
 * Which optimizer, and what of it does not change from step to step; the fields are named as in torch and
 * transformers.
 */
export type OptimizerSettings =
  | { readonly name: 'adamw'; readonly beta1?: number; readonly beta2?: number; readonly epsilon?: number }
  | ({ readonly name: 'adafactor' } & AdafactorSettings);

/** Settings of transformers' Adafactor; absent ones have its defaults. */
export interface AdafactorSettings {
  /** Multiplies the learning rate by the root mean square of the tensor. */
  readonly scaleParameter?: boolean;
  /**
   * Learning rate by step alone: min(1e-2, 1/sqrt(step)), with `warmupInit` min(1e-6 * step, 1/sqrt(step)).
   */
  readonly relativeStep?: boolean;
  readonly warmupInit?: boolean;
  /** A first moment, if any. */
  readonly beta1?: number | null;
  readonly decayRate?: number;
  readonly clipThreshold?: number;
  /** Added to squared gradients, and the least scale of a tensor. */
  readonly epsilon?: readonly [number, number];
}

/** How many arrays of a parameter's length an optimizer needs as `moments`. */
export function momentsOf(settings: OptimizerSettings): number {
  switch (settings.name) {
    case 'adamw':
      return 2;
    case 'adafactor':
      return typeof settings.beta1 === 'number' ? 1 : 0;
  }
}
