import type { Engine, Runtime, TrainingRuntime } from '../../src/ml/runtime/runtime.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';

/**
 * The engine that the params name, on the threads that the stage was given; it says what really computes. A
 * stage that was given a GPU never computes on the CPU.
 */
export function openEngine({ engine, engineFolder, cpus, device, emit }: EngineContext): Result<Runtime> {
  if (!isEngine(engine))
    throw new Error('the runner passed no engine to a stage whose program declares `engines`');
  const wanted = device === 'cuda' ? device : 'cpu';
  const runtime = engine.openEngine({
    threads: cpus,
    device: wanted,
    ...(engineFolder === undefined ? {} : { folder: engineFolder }),
  });
  if (wanted === 'cuda' && runtime.device === 'cpu') return { ok: false, error: noGpu(runtime) };
  emit({ kind: 'device', runtime: runtime.version, device: runtime.device });
  return { ok: true, value: runtime };
}

const noGpu = ({ name, version }: Runtime): string =>
  name === 'onnx'
    ? 'the onnx runtime computes on the CPU: set `runtime: tensorflow`, or remove "gpus" from the resources of the stage'
    : `${version} found no GPU that it can use, and the stage asks for one: \`pipeline doctor\` says what is missing, \`pipeline setup tensorflow --gpu\` installs the library for GPUs`;

/** The same for a stage that declares `trainingEngines`. */
export function openTrainingEngine(context: EngineContext): Result<TrainingRuntime> {
  const opened = openEngine(context);
  if (!opened.ok) return opened;
  if (!canTrain(opened.value)) throw new Error('the engine of a stage that trains has no `openTraining`');
  return { ok: true, value: opened.value };
}

type EngineContext = Pick<StageContext<unknown>, 'engine' | 'engineFolder' | 'cpus' | 'device' | 'emit'>;

const canTrain = (runtime: Runtime): runtime is TrainingRuntime => 'openTraining' in runtime;

const isEngine = (module: unknown): module is Engine =>
  typeof module === 'object' &&
  module !== null &&
  'openEngine' in module &&
  typeof module.openEngine === 'function';
