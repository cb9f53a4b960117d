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

/**
 * As if the gradient were whole, to the same bits: the array of the gradient holds one block of the table
 * after the other.
 */
function updateByRows(arrays: AdamWState, rows: RowGradient, step: AdamWStep, kernels: Kernels): void {
  const { length } = arrays.parameter;
  const block = arrays.gradient.length;
  const found = rows.rows();
  let next = 0;
  for (let start = 0; start < length; start += block) {
    const end = Math.min(start + block, length);
    const gradient = arrays.gradient.subarray(0, end - start).fill(0);
    for (let row = found[next]; row !== undefined && row.offset < end; row = found[++next])
      gradient.set(row.values, row.offset - start);
    const part = (of: Float32Array): Float32Array => of.subarray(start, end);
    const [parameter, firstMoment, secondMoment] = [
      part(arrays.parameter),
      part(arrays.firstMoment),
      part(arrays.secondMoment),
    ];
    kernels.adamw({ parameter, firstMoment, secondMoment, gradient }, step);
  }
}
