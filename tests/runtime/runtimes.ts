import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { Precision, TrainingRuntime } from '../../src/ml/runtime/runtime.ts';

/**
 * The folder of TensorFlow's binding, which vitest.config.ts finds; undefined: it is not installed, or
 * PIPELINE_TENSORFLOW is empty.
 */
export const tensorflowFolder = process.env['PIPELINE_TENSORFLOW'] || undefined;

/** Tests that need TensorFlow are skipped by this name where it is missing. */
export const tensorflow = {
  isMissing: tensorflowFolder === undefined,
  name:
    tensorflowFolder === undefined
      ? 'TensorFlow (skipped: `npx pipeline setup tensorflow` installs it)'
      : 'TensorFlow',
};

/** On two threads: a process has one setting, which TensorFlow reads when it starts. */
export const openTensorflow = (precision: Precision = 'float32'): Promise<TrainingRuntime> =>
  openRuntime('tensorflow', {
    threads: 2,
    precision,
    ...(tensorflowFolder === undefined ? {} : { folder: tensorflowFolder }),
  });

/**
 * The runtimes that can be used here, by name: tests that hold for the port run on each. onnx is on one
 * thread, since its others spin while they wait (tests/runtime/onnx/ops.test.ts compares one and two).
 */
export const runtimes: readonly (readonly [name: string, open: () => Promise<TrainingRuntime>])[] = [
  ['onnx', () => openRuntime('onnx', { threads: 1 })],
  ...(tensorflow.isMissing ? [] : [['TensorFlow', openTensorflow] as const]),
];
