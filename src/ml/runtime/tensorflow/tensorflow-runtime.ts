import type { Runtime, RuntimeOptions } from '../runtime.ts';
import { loadBinding } from './binding.ts';
import { type OpenedEngine, openSession } from './session.ts';

/**
 * TensorFlow by the binding of @tensorflow/tfjs-node or -gpu. A session's values stay on the device. A run
 * blocks the thread that calls it.
 */
export function openEngine(options: RuntimeOptions): Runtime {
  const engine = loadEngine(options);
  return {
    ...identityOf(engine),
    open: (plan) => openSession(plan, engine),
  };
}

/** Loads the binding of TensorFlow from its folder; throws if that is unknown. */
export function loadEngine({ folder, precision = 'float32', ...options }: RuntimeOptions): OpenedEngine {
  if (folder === undefined) throw new Error('the folder of the tensorflow engine is unknown');
  const binding = loadBinding(folder, options);
  return { binding, precision, device: binding.isUsingGpuDevice() ? 'cuda' : 'cpu' };
}

export const identityOf = ({
  binding,
  device,
}: OpenedEngine): Pick<Runtime, 'name' | 'device' | 'version'> => ({
  name: 'tensorflow',
  device,
  version: `tensorflow ${binding.TF_Version}`,
});
