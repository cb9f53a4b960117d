import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { TrainingRuntime } from '../../src/ml/runtime/runtime.ts';

/** The runtimes that can be used here, by name: tests that hold for the port run on each. */
export const runtimes: readonly (readonly [name: string, open: () => Promise<TrainingRuntime>])[] = [
  ['onnx', () => openRuntime('onnx', { threads: 2 })],
];
