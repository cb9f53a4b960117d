import type { AdamWState, AdamWStep, Kernels } from './kernels/kernels.ts';
import type { RowGradient } from './kernels/row-gradient.ts';
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
  const states = tensors.map(({ name, parameter, gradient, rows, moments, weightDecay }) => {
    const [firstMoment, secondMoment] = moments;
    if (firstMoment === undefined || secondMoment === undefined)
      throw new Error(`${name} has no room for AdamW's moments`);
    return { name, weightDecay, rows, arrays: { parameter, gradient, firstMoment, secondMoment } };
  });
  return {
    update({ step, learningRate, gradientScale }) {
      for (const { arrays, rows, weightDecay } of states) {
        const update = { step, learningRate, beta1, beta2, epsilon, weightDecay, gradientScale };
        if (rows === undefined) kernels.adamw(arrays, update);
        else updateByRows(arrays, rows, update, kernels);
      }
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

/** As if the gradient were whole, to the same bits: rows without a gradient change too. */
function updateByRows(arrays: AdamWState, rows: RowGradient, step: AdamWStep, kernels: Kernels): void {
  const { gradient } = arrays;
  const part = (from: number, to: number): Omit<AdamWState, 'gradient'> => ({
    parameter: arrays.parameter.subarray(from, to),
    firstMoment: arrays.firstMoment.subarray(from, to),
    secondMoment: arrays.secondMoment.subarray(from, to),
  });
  let done = 0;
  for (const { index, values } of rows.rows()) {
    const start = index * gradient.length;
    kernels.adamwWithoutGradient(part(done, start), step);
    done = start + gradient.length;
    gradient.set(values);
    kernels.adamw({ ...part(start, done), gradient }, step);
  }
  kernels.adamwWithoutGradient(part(done, arrays.parameter.length), step);
}
