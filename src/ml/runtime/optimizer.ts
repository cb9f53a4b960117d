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
   * Learning rate by step alone: min(1e-2, 1/sqrt(step)), with `warmupInit` min(1e-6 * step, 1/sqrt(step)):
   * see relativeStep, by which the training sets the learning rate.
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

type Named<Name> = OptimizerSettings & { readonly name: Name };

/** The settings with every default filled in. */
export const adamwSettings = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: Named<'adamw'>): Required<Named<'adamw'>> => ({ name: 'adamw', beta1, beta2, epsilon });

export const adafactorSettings = ({
  scaleParameter = true,
  relativeStep = true,
  warmupInit = false,
  beta1 = null,
  decayRate = -0.8,
  clipThreshold = 1,
  epsilon = [1e-30, 1e-3],
}: Named<'adafactor'>): Required<Named<'adafactor'>> => ({
  name: 'adafactor',
  scaleParameter,
  relativeStep,
  warmupInit,
  beta1,
  decayRate,
  clipThreshold,
  epsilon,
});

/**
 * What an optimizer remembers of a tensor from step to step: the shapes, by the names that checkpoints have.
 */
export function optimizerMemory(
  settings: OptimizerSettings,
  name: string,
  shape: readonly number[],
): Readonly<Record<string, readonly number[]>> {
  switch (settings.name) {
    case 'adamw':
      return { [`first.${name}`]: shape, [`second.${name}`]: shape };
    case 'adafactor':
      return {
        ...(typeof settings.beta1 === 'number' ? { [`first.${name}`]: shape } : {}),
        ...(shape.length < 2
          ? { [`second.${name}`]: shape }
          : { [`rows.${name}`]: shape.slice(0, -1), [`columns.${name}`]: shape.slice(-1) }),
      };
  }
}

/** The factor that clipping leaves of gradients, as torch's clip_grad_norm_; null does not clip. */
export const clipFactor = (gradientNorm: number, maxNorm: number | null): number =>
  maxNorm === null ? 1 : Math.min(1, maxNorm / (gradientNorm + 1e-6));
