import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RuntimeOptions } from '../runtime.ts';

/**
 * The part of the native API of @tensorflow/tfjs-node and -gpu (4.22: binding/tfjs_binding.cc) that is used
 * here. It is independent of tfjs: tensors are integer handles, sessions are SavedModels.
 */
export interface Binding {
  /** Wraps the array without a copy if it begins at a multiple of 64 bytes. */
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  /** A copy of its elements. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array;
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Names are "node:output", separated by commas. Shapes of feeds are not checked. */
  runSavedModel(
    id: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly { readonly id: number; readonly shape: readonly number[]; readonly dtype: number }[];
  isUsingGpuDevice(): boolean;
  readonly TF_Version: string;
}

/** Where the binding lies in the package's folder; it finds the library in `deps/lib`. */
export const bindingPath = 'lib/napi-v8/tfjs_binding.node';

/**
 * Loads the binding from the folder of its package. TensorFlow reads its settings from the process'
 * environment when it starts, so they are set before.
 */
export function loadBinding(folder: string, options: Pick<RuntimeOptions, 'threads' | 'device'>): Binding {
  Object.assign(process.env, { [logLevel]: '0', ...process.env }, settings(options));
  const path = join(folder, bindingPath);
  const binding: unknown = createRequire(path)(path);
  if (!isBinding(binding)) throw new Error(`${path} is not the binding of tfjs-node 4.22`);
  return binding;
}

/** A stage's log has all of TensorFlow's messages, unless its `env` sets this variable. */
const logLevel = 'TF_CPP_MIN_LOG_LEVEL';

/**
 * Small ops run side by side, large ones are spread over the threads. Of a GPU: memory is taken when it is
 * needed, results are to repeat, and products are of float32 (TF32 is TensorFlow's default on Ampere and
 * newer).
 */
const settings = ({
  threads,
  device = 'cpu',
}: Pick<RuntimeOptions, 'threads' | 'device'>): Readonly<Record<string, string>> => ({
  ...(device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '-1' } : {}),
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: String(threads),
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  TF_DETERMINISTIC_OPS: '1',
  NVIDIA_TF32_OVERRIDE: '0',
});

const isBinding = (value: unknown): value is Binding =>
  typeof value === 'object' && value !== null && 'runSavedModel' in value && 'createTensor' in value;
