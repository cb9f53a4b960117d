import type { Engines } from '../../src/stage/define-stage.ts';

/** The engines of every stage that computes and trains nothing; the param `runtime` names one. */
export const engines: Engines = {
  by: 'runtime',
  programs: {
    onnx: '../src/ml/runtime/onnx/onnx-runtime',
    tensorflow: '../src/ml/runtime/tensorflow/tensorflow-runtime',
  },
  installed: ['tensorflow'],
  auto: { cuda: 'tensorflow', cpu: 'onnx' },
  device: 'device',
};
