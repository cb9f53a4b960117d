import type { Engine, Runtime } from '../../src/ml/runtime/runtime.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';

/** The engine that the params name, on the threads that the stage was given; it says what really computes. */
export function openEngine({
  engine,
  cpus,
  device,
  emit,
}: Pick<StageContext<unknown>, 'engine' | 'cpus' | 'device' | 'emit'>): Result<Runtime> {
  if (!isEngine(engine))
    throw new Error('the runner passed no engine to a stage whose program declares `engines`');
  const runtime = engine.openEngine({ threads: cpus });
  if (device !== 'cpu')
    return {
      ok: false,
      error: `the ${runtime.name} runtime of this version computes on the CPU: remove "gpus" from the resources of the stage`,
    };
  emit({ kind: 'device', runtime: runtime.version, device: runtime.device });
  return { ok: true, value: runtime };
}

const isEngine = (module: unknown): module is Engine =>
  typeof module === 'object' &&
  module !== null &&
  'openEngine' in module &&
  typeof module.openEngine === 'function';
