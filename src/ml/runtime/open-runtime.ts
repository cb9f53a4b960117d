import type { Runtime } from './runtime.ts';

export interface RuntimeOptions {
  /** Threads that one op may be spread over. The last bits of long sums depend on it: it belongs in the key of a result. */
  readonly threads: number;
}

/** Loads an engine by its name. Only the one that is named is loaded. Throws where its package is not installed. */
export async function openRuntime(name: Runtime['name'], options: RuntimeOptions): Promise<Runtime> {
  switch (name) {
    case 'onnx':
      return (await import('./onnx/onnx-runtime.ts')).openOnnxRuntime(options);
    case 'tensorflow':
      throw new Error('the tensorflow runtime is not part of this version');
  }
}
