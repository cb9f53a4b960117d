import type { Engine, Runtime, TrainingRuntime } from '../../src/ml/runtime/runtime.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';

/** The engine that the params name, on the threads that the stage was given; it says what really computes. */
export function openEngine({ engine, cpus, device, emit }: EngineContext): Result<Runtime> {
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

/** The same for a stage that declares `trainingEngines`. */
export function openTrainingEngine(context: EngineContext): Result<TrainingRuntime> {
  const opened = openEngine(context);
  if (!opened.ok) return opened;
  if (!canTrain(opened.value)) throw new Error('the engine of a stage that trains has no `openTraining`');
  return { ok: true, value: opened.value };
}

type EngineContext = Pick<StageContext<unknown>, 'engine' | 'cpus' | 'device' | 'emit'>;

const canTrain = (runtime: Runtime): runtime is TrainingRuntime => 'openTraining' in runtime;

const isEngine = (module: unknown): module is Engine =>
  typeof module === 'object' &&
  module !== null &&
  'openEngine' in module &&
  typeof module.openEngine === 'function';
