import type { Kernels } from './kernels/kernels.ts';
import { adamwSettings, type OptimizerSettings } from '../optimizer.ts';
import type { Optimizer, TrainedTensor } from './optimizer.ts';

/**
 * AdamW (Loshchilov and Hutter 2019) as torch.optim.AdamW. `moments` of each tensor: the first and the
 * second.
 */
export function createAdamW(
  tensors: readonly TrainedTensor[],
  settings: OptimizerSettings & { readonly name: 'adamw' },
  kernels: Kernels,
): Optimizer {
  const { beta1, beta2, epsilon } = adamwSettings(settings);
  const states = tensors.map(({ name, parameter, gradient, moments, weightDecay }) => {
    const [firstMoment, secondMoment] = moments;
    if (firstMoment === undefined || secondMoment === undefined)
      throw new Error(`${name} has no room for AdamW's moments`);
    return { name, weightDecay, arrays: { parameter, gradient, firstMoment, secondMoment } };
  });
  return {
    update({ step, learningRate, gradientScale }) {
      for (const { arrays, weightDecay } of states)
        kernels.adamw(arrays, { step, learningRate, beta1, beta2, epsilon, weightDecay, gradientScale });
    },
    memory: new Map(
      states.flatMap(
        ({ name, arrays }) =>
          [
            [`first.${name}`, arrays.firstMoment],
            [`second.${name}`, arrays.secondMoment],
          ] as const,
      ),
    ),
  };
}
