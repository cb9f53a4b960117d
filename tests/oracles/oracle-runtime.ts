import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { tensorflowFolder } from '../runtime/runtimes.ts';
import type { TrainingRuntime } from '../../src/ml/runtime/runtime.ts';
import type { TrainingSession } from '../../src/ml/runtime/runtime.ts';
import type { Values } from '../../src/ml/runtime/runtime.ts';

/**
 * The runtime that the tables are compared on: RUNTIME=tensorflow, with its folder in PIPELINE_TENSORFLOW, or
 * onnx.
 */
export const oracleRuntime = (threads = 2): Promise<TrainingRuntime> =>
  process.env['RUNTIME'] === 'tensorflow'
    ? openRuntime('tensorflow', {
        threads,
        ...(tensorflowFolder === undefined ? {} : { folder: tensorflowFolder }),
      })
    : openRuntime('onnx', { threads });

/** A tensor after a training. */
export interface TrainedParameter {
  readonly name: string;
  readonly parameter: Float32Array;
}

/** Gives what is trained its values. */
export async function fillWith(
  session: TrainingSession,
  names: Iterable<string>,
  values: Values,
): Promise<void> {
  await session.assign(names, async (name, into) => {
    into.set(realsOf(values, name));
    return { ok: true, value: undefined };
  });
}

/** Copies of what is trained. */
export async function trainedParameters(
  session: TrainingSession,
  names: Iterable<string>,
): Promise<readonly TrainedParameter[]> {
  const values = await session.read(names);
  return Object.keys(values).map((name) => ({ name, parameter: realsOf(values, name).slice() }));
}

function realsOf(values: Values, name: string): Float32Array {
  const value = values[name];
  if (value?.dtype !== 'float32') throw new Error(`no float32 value "${name}"`);
  return value.data;
}
