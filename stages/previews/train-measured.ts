import type { Estimate, Smoke } from '../../src/stage/question.ts';
import type { MeasuredTrainParams } from '../train-measured.ts';
import { estimateTraining } from './estimate-training.ts';
import { atMost, smokeRows } from './small.ts';
import { smokeTraining } from './smoke-training.ts';

export const smoke: Smoke<MeasuredTrainParams> = async (params, deps) => ({
  ...(await smokeTraining(params, deps)),
  measure: { ...params.measure, rows: atMost(smokeRows, params.measure.rows) },
});

export const estimate: Estimate<MeasuredTrainParams> = estimateTraining;
