import type { RuntimeOptions, TrainingRuntime } from '../runtime.ts';
import { openEngine as openComputing } from './onnx-runtime.ts';
import { openTrainingSession } from './training-session.ts';

/**
 * onnxruntime-node, and optimizers in WebAssembly that update the trained parameters in the memory that the
 * engine reads.
 */
export function openEngine(options: RuntimeOptions): TrainingRuntime {
  return { ...openComputing(options), openTraining: (plan) => openTrainingSession(plan, options) };
}
