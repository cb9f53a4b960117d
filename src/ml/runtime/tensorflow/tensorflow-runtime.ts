import type { Runtime, RuntimeOptions } from '../runtime.ts';
import { type Binding, loadBinding } from './binding.ts';
import { openSession } from './session.ts';

/**
 * TensorFlow by the binding of @tensorflow/tfjs-node or -gpu. What a session holds stays on the device. A run
 * blocks the thread that calls it.
 */
export function openEngine(options: RuntimeOptions): Runtime {
  const binding = bindingOf(options);
  return {
    ...identityOf(binding),
    open: (plan) => openSession(plan, binding),
  };
}

export function bindingOf({ folder, ...options }: RuntimeOptions): Binding {
  if (folder === undefined) throw new Error('the folder of the tensorflow engine is not known');
  return loadBinding(folder, options);
}

export const identityOf = (binding: Binding): Pick<Runtime, 'name' | 'device' | 'version'> => ({
  name: 'tensorflow',
  device: binding.isUsingGpuDevice() ? 'cuda' : 'cpu',
  version: `tensorflow ${binding.TF_Version}`,
});
