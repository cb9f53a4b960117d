import type { Runtime, RuntimeOptions, TrainingRuntime } from './runtime.ts';

/** Loads only the named engine. Throws where its package is not installed. */
export async function openRuntime(name: Runtime['name'], options: RuntimeOptions): Promise<TrainingRuntime> {
  switch (name) {
    case 'onnx':
      // The engine reads it when its first session is made.
      process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
      return (await import('./onnx/onnx-training.ts')).openEngine(options);
    case 'tensorflow':
      return (await import('./tensorflow/tensorflow-training.ts')).openEngine(options);
  }
}
