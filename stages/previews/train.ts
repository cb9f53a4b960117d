import type { Estimate, Smoke } from '../../src/stage/question.ts';
import type { TrainParams } from '../train/train-params.ts';
import { estimateTraining } from './estimate-training.ts';
import { smokeTraining } from './smoke-training.ts';

export const smoke: Smoke<TrainParams> = smokeTraining;
export const estimate: Estimate<TrainParams> = estimateTraining;
