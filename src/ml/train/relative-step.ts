/** The learning rate of Adafactor's relative step, before it is scaled by a tensor. `step` from 1. */
export const relativeStep = (step: number, warmupInit: boolean): number =>
  Math.min(warmupInit ? 1e-6 * step : 1e-2, 1 / Math.sqrt(step));
