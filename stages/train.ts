import { defineStage } from '../src/stage/define-stage.ts';
import { runTraining } from './train/run-training.ts';
import { trainParamsSchema, type TrainParams } from './train/train-params.ts';

/** Fine-tunes an mT5, whole or by LoRA; leaves a model or adapter folder, the series of its steps, and a summary. */
export const stage = defineStage<TrainParams, 'base' | 'train', 'model' | 'log' | 'summary'>({
  params: trainParamsSchema,
  deps: ['base', 'train'],
  outs: ['model', 'log', 'summary'],
  packages: ['onnxruntime-node'],
  run: (context) => runTraining(context),
});
