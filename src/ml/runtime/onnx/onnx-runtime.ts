import { env } from 'onnxruntime-node';
import type { Runtime, RuntimeOptions } from '../runtime.ts';
import { openSession } from './session.ts';

/**
 * onnxruntime-node on the CPU. A run blocks the thread that calls it: onnxruntime-node 1.30 computes in a
 * setImmediate. Held values and feeds are used in place, never copied.
 */
export function openEngine(options: RuntimeOptions): Runtime {
  return {
    name: 'onnx',
    device: 'cpu',
    version: `onnxruntime-node ${env.versions.node ?? env.versions.common}`,
    open: (plan) => openSession(plan, options),
  };
}
