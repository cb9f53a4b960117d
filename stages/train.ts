import { defineStage } from '../src/stage/define-stage.ts';
import { trainingEngines } from './engine/training-engines.ts';
import { runTraining, type TrainDep, type TrainOut } from './train/run-training.ts';
import { trainParamsSchema, type TrainParams } from './train/train-params.ts';

/**
 * Fine-tunes an mT5, whole or by LoRA, also over an adapter that was trained before; leaves a model or
 * adapter folder, the series of its steps, and a summary.
 */
export const stage = defineStage<TrainParams, TrainDep, TrainOut>({
  params: trainParamsSchema,
  deps: ['base', 'train', 'adapter?', 'state?'],
  outs: ['model', 'log', 'summary', 'validation?', 'state?'],
  engines: trainingEngines,
  run: (context) => runTraining(context),
});
