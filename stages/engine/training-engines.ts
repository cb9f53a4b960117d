import type { Engines } from '../../src/stage/define-stage.ts';

/** The engines of every stage that trains: those of `engines.ts` with their optimizers. */
export const trainingEngines: Engines = {
  by: 'runtime',
  programs: {
    onnx: '../src/ml/runtime/onnx/onnx-training',
    tensorflow: '../src/ml/runtime/tensorflow/tensorflow-training',
  },
  installed: ['tensorflow'],
  auto: { cuda: 'tensorflow', cpu: 'onnx' },
  device: 'device',
};
