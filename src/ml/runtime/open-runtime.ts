import type { Runtime, RuntimeOptions } from './runtime.ts';

/** Loads only the named engine. Throws where its package is not installed. */
export async function openRuntime(name: Runtime['name'], options: RuntimeOptions): Promise<Runtime> {
  switch (name) {
    case 'onnx':
      return (await import('./onnx/onnx-runtime.ts')).openEngine(options);
    case 'tensorflow':
      throw new Error('the tensorflow runtime is not part of this version');
  }
}
