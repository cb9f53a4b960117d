import type { Smoke } from '../../src/stage/question.ts';
import type { DataFormatParams } from '../data-format.ts';
import { atMost, smokeRows, smokeValidation } from './small.ts';

/** So many rows that the smaller side of the split has eight, where that is no more than a few hundred. */
export const smoke: Smoke<DataFormatParams> = (params) => {
  const share = Math.max(0.02, Math.min(params.testFraction, 1 - params.testFraction));
  return {
    ...params,
    ...(params.trainShare === undefined ? {} : { trainShare: 1 }),
    sample: atMost(Math.ceil(smokeRows / share), params.sample),
    onLeak: 'keep',
    ...smokeValidation(params),
  };
};
