import type { Smoke } from '../../src/stage/question.ts';
import type { DataFormatParams } from '../data-format.ts';
import { atMost, smokeRows, smokeValidation } from './small.ts';

/** As many rows as give the smaller side of the split eight, up to a few hundred. */
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
