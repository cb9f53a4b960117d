import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { Runtime } from '../../src/ml/runtime/runtime.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';

/** The engine that the params name, on the threads that the stage was given; it says what really computes. */
export async function openEngine(
  name: Runtime['name'],
  { cpus, device, emit }: Pick<StageContext<unknown>, 'cpus' | 'device' | 'emit'>,
): Promise<Result<Runtime>> {
  if (device !== 'cpu')
    return {
      ok: false,
      error: `the ${name} runtime of this version computes on the CPU: take "gpus" out of the stage's resources`,
    };
  const runtime = await openRuntime(name, { threads: cpus });
  emit({ kind: 'device', runtime: runtime.version, device: runtime.device });
  return { ok: true, value: runtime };
}
