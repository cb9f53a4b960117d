import { openRuntime } from '../../../ml/runtime/open-runtime.ts';
import type { Precision, TrainingRuntime } from '../../../ml/runtime/runtime.ts';
import type { Check } from './check.ts';
import { compareOps, opBounds } from './compare-ops.ts';
import { compareSteps, stepBounds } from './compare-steps.ts';
import { measureSteps } from './measure-steps.ts';
import type { Part } from './parts.ts';

interface Tested {
  /** Where TensorFlow's binding lies. */
  readonly folder: string;
  readonly device: 'cpu' | 'cuda';
  readonly threads: number;
}

/** Yields the checks of a part as they complete. Throws where the engine does not run on the device. */
export async function* runPart(part: Part, { folder, device, threads }: Tested): AsyncGenerator<Check> {
  const open = async (precision: Precision): Promise<TrainingRuntime> => {
    const runtime = await openRuntime('tensorflow', { folder, device, threads, precision });
    if (device === 'cuda' && runtime.device === 'cpu') throw new Error('TensorFlow found no GPU it can use');
    return runtime;
  };
  if (part !== 'parity')
    return yield* await measureSteps({
      tested: await open(part),
      device,
      precision: part,
      steps: device === 'cuda' ? 15 : 3,
    });
  const [reference, tested] = [await openRuntime('onnx', { threads }), await open('float32')];
  yield await compareOps({ reference, tested, bound: opBounds[device] });
  yield* compareSteps({ reference, tested, inBf16: () => open('bf16'), bounds: stepBounds[device] });
}
