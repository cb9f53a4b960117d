import type { Smoke } from '../../src/stage/question.ts';
import type { QualitativeParams } from '../qualitative.ts';

/** All questions, at one temperature. */
export const smoke: Smoke<QualitativeParams> = (params) => ({
  ...params,
  temperatures: params.temperatures.slice(0, 1),
});
