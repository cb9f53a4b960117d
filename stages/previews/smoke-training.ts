import { readRows } from '../../src/ml/dataset/read-rows.ts';
import type { Deps } from '../../src/stage/question.ts';
import { smokeRows, smokeSteps, smokeValidation } from './small.ts';
import type { TrainParams } from '../train/train-params.ts';

/**
 * Two steps, with an evaluation on few rows and a checkpoint at their end. An untrained baseline stays one.
 * Rows that no other stage made small are many: a small share of them is held out.
 */
export async function smokeTraining<P extends TrainParams>(params: P, { train = null }: Deps): Promise<P> {
  const rows = train === null ? undefined : await readRows(train);
  const validation =
    rows?.ok === true && rows.value.length > 0
      ? { validation: Math.min(params.validation, smokeRows / rows.value.length) }
      : smokeValidation(params);
  const { epochs, ...config } = params.config;
  if (epochs === 0 || config.maxSteps === 0) return { ...params, ...validation };
  return {
    ...params,
    ...validation,
    config: {
      ...config,
      maxSteps: smokeSteps,
      evaluateEvery: config.evaluateEvery === null ? null : smokeSteps,
      checkpointEvery: config.checkpointEvery === null ? null : smokeSteps,
    },
  };
}
