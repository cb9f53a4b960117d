import { elementCount } from '../element-count.ts';
import type { TrainingGraph } from '../model/mt5-loss.ts';
import type { Feed, Feeds } from '../model/packed-rows.ts';
import type { HostValue, Program } from '../runtime/runtime.ts';
import { createAdafactor } from './adafactor.ts';
import { createAdamW } from './adamw.ts';
import { isDecayed } from './decay.ts';
import { addRows } from './kernels/add-rows.ts';
import type { Kernels } from './kernels/kernels.ts';
import { momentsOf, type Optimizer, type OptimizerSettings, type Trained } from './optimizer.ts';

export type Values = Readonly<Record<string, HostValue>>;

/** The tensors that are trained, and what makes steps of them. */
export interface Stepper {
  readonly tensors: readonly Trained[];
  readonly optimizer: Optimizer;
  /** The same tensors' parameters as feeds: they follow the training. */
  readonly trained: Feeds;
  /** They and the frozen ones: all that a program of the model reads beside its batch. */
  readonly parameters: Feeds;
  /**
   * Adds up loss and gradients of a step's micro-batches, each given as its feeds (without parameters),
   * weighted by them. The parameters are as before; the gradients lie in the tensors.
   */
  gradients(microBatches: readonly Values[]): Promise<StepGradients>;
}

export interface StepGradients {
  readonly loss: number;
  /** The L2 norm over all gradients, before clipping. */
  readonly gradientNorm: number;
}

export interface StepperOptions {
  readonly graph: TrainingGraph;
  readonly program: Program;
  /** Shapes of what is trained, by name; filled by the caller through `tensors`. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The parameters that stay as they are. */
  readonly frozen: Feeds;
  readonly optimizer: OptimizerSettings;
  readonly weightDecay: number;
  /** Which tensors decay; by default as in the Trainer. */
  readonly decays?: (name: string) => boolean;
  /** The most micro-batches that a step has. */
  readonly accumulation: number;
  readonly kernels: Kernels;
}

/**
 * Lays the trained tensors out in memory that the engine reads and writes in place. All parameters are zero
 * at first.
 */
export function createStepper({
  graph,
  program,
  shapes,
  frozen,
  optimizer: settings,
  weightDecay,
  decays = isDecayed,
  accumulation,
  kernels,
}: StepperOptions): Stepper {
  const moments = momentsOf(settings);
  const spare = (name: string): number => (accumulation > 1 && graph.dense.includes(name) ? 1 : 0); // later micro-batches' gradients, before they are added
  const groups = kernels.allocate(
    [...shapes].map(([name, shape]) =>
      Array.from({ length: 2 + moments + spare(name) }, () => elementCount(shape)),
    ),
  );
  const tensors: (Trained & { readonly incoming: Float32Array })[] = [...shapes].map(
    ([name, shape], index) => {
      const [parameter = empty(), gradient = empty(), ...rest] = groups[index] ?? [];
      return {
        name,
        shape,
        parameter,
        gradient,
        moments: rest.slice(0, moments),
        incoming: rest[moments] ?? gradient,
        weightDecay: decays(name) ? weightDecay : 0,
      };
    },
  );
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const trained = Object.fromEntries(
    tensors.map(({ name, shape, parameter }) => [name, real(shape, parameter)]),
  );
  const parameters = { ...frozen, ...trained };
  const dense = graph.dense.map((name) => find(byName, name));
  const sparse = tensors.filter(({ name }) => !graph.dense.includes(name));
  const places = (of: 'gradient' | 'incoming'): Feeds =>
    Object.fromEntries(dense.map((tensor) => [`gradient.${tensor.name}`, real(tensor.shape, tensor[of])]));
  const [first, later] = [places('gradient'), places('incoming')];

  return {
    tensors,
    trained,
    parameters,
    optimizer: optimizerOf(settings, tensors, kernels),
    async gradients(microBatches) {
      if (microBatches.length > accumulation)
        throw new Error(`${microBatches.length} micro-batches, expected at most ${accumulation}`);
      let loss = 0;
      for (const { gradient } of sparse) gradient.fill(0);
      for (const [index, feeds] of microBatches.entries()) {
        const outputs = await program.run({ ...parameters, ...feeds }, index === 0 ? first : later);
        loss += reals(outputs, 'loss')[0] ?? Number.NaN;
        if (index > 0) for (const { gradient, incoming } of dense) kernels.accumulate(gradient, incoming, 1);
        for (const { parameter, output, indices } of graph.lookups)
          addRows(find(byName, parameter).gradient, reals(outputs, output), integers(feeds, indices));
      }
      return {
        loss,
        gradientNorm: Math.sqrt(
          tensors.reduce((sum, { gradient }) => sum + kernels.sumOfSquares(gradient), 0),
        ),
      };
    },
  };
}

/** The factor that clipping leaves of gradients, as torch's clip_grad_norm_; null does not clip. */
export const clipFactor = (gradientNorm: number, maxNorm: number | null): number =>
  maxNorm === null ? 1 : Math.min(1, maxNorm / (gradientNorm + 1e-6));

const empty = (): Float32Array => new Float32Array(0);

const real = (shape: readonly number[], data: Float32Array): Feed => ({ dtype: 'float32', shape, data });

function find<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new Error(`tensor "${name}" is not trained`);
  return found;
}

function reals(values: Values, name: string): Float32Array {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`the program returned no float32 output "${name}"`);
  return value.data;
}

function integers(values: Values, name: string): Int32Array {
  const value = values[name];
  if (value?.dtype !== 'int32') throw new Error(`the int32 feed "${name}" is missing`);
  return value.data;
}

function optimizerOf(settings: OptimizerSettings, tensors: readonly Trained[], kernels: Kernels): Optimizer {
  switch (settings.name) {
    case 'adamw':
      return createAdamW(tensors, settings, kernels);
    case 'adafactor':
      return createAdafactor(tensors, settings);
  }
}
