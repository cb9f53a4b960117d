import type { Engine, Precision, Runtime, TrainingRuntime } from '../../src/ml/runtime/runtime.ts';
import { type NvidiaDriver, readNvidiaDriver } from '../../src/files/nvidia-driver.ts';
import type { Result } from '../../src/result.ts';
import type { StageContext } from '../../src/stage/context.ts';
import { bf16NeedsTensorflow } from './bf16-needs-tensorflow.ts';

/**
 * The engine of the params, with the threads of the stage; it reports the device that is actually used. A
 * stage that was given a GPU never computes on the CPU.
 */
export function openEngine(
  { engine, engineFolder, cpus, device, emit, precision = 'float32' }: EngineContext,
  driver: () => NvidiaDriver = readNvidiaDriver,
): Result<Runtime> {
  if (!isEngine(engine))
    throw new Error('the runner passed no engine to a stage whose program declares `engines`');
  const wanted = device === 'cuda' ? device : 'cpu';
  const runtime = engine.openEngine({
    threads: cpus,
    device: wanted,
    precision,
    ...(engineFolder === undefined ? {} : { folder: engineFolder }),
  });
  if (wanted === 'cuda' && runtime.device === 'cpu') return { ok: false, error: noGpu(runtime, driver) };
  if (precision === 'bf16' && runtime.name === 'onnx')
    return { ok: false, error: `"precision" ${bf16NeedsTensorflow}` };
  emit({ kind: 'device', runtime: runtime.version, device: deviceText(runtime, driver) });
  return { ok: true, value: runtime };
}

/** With the driver of a GPU: it may change results, and is not part of the key. */
function deviceText({ device }: Runtime, driver: () => NvidiaDriver): string {
  const version = device === 'cpu' ? undefined : driver().version;
  return version === undefined ? device : `${device}, driver ${version}`;
}

const noGpu = ({ name, version }: Runtime, driver: () => NvidiaDriver): string =>
  name === 'onnx'
    ? 'the onnx runtime computes on the CPU: set `runtime: tensorflow`, or remove "gpus" from the ' +
      'resources of the stage'
    : `${version} found no GPU that it can use, but the stage requests one: ${whatIsMissing(driver())}`;

/** Files alone tell these apart: TensorFlow's own lines name wrong causes. */
function whatIsMissing({ version, devices }: NvidiaDriver): string {
  if (version === undefined)
    return (
      'this machine has no NVIDIA driver (no /proc/driver/nvidia/version): install it, or set `device: ' +
      'cpu` and remove "gpus" from the resources of the stage'
    );
  if (devices.length === 0)
    return (
      `NVIDIA driver ${version} was found, but there is no device file /dev/nvidia0: start a container ` +
      'with `--gpus all`, or run `nvidia-modprobe`'
    );
  return (
    `${devices.join(', ')} and driver ${version} were found: \`pipeline doctor\` shows what is ` +
    'missing, `pipeline setup tensorflow --gpu` installs TensorFlow for GPUs with its CUDA libraries'
  );
}

/** The same for a stage that declares `trainingEngines`. */
export function openTrainingEngine(
  context: EngineContext,
  driver?: () => NvidiaDriver,
): Result<TrainingRuntime> {
  const opened = openEngine(context, driver);
  if (!opened.ok) return opened;
  if (!canTrain(opened.value)) throw new Error('the engine of a stage that trains has no `openTraining`');
  return { ok: true, value: opened.value };
}

interface EngineContext extends Pick<
  StageContext<unknown>,
  'engine' | 'engineFolder' | 'cpus' | 'device' | 'emit'
> {
  readonly precision?: Precision | undefined;
}

const canTrain = (runtime: Runtime): runtime is TrainingRuntime => 'openTraining' in runtime;

const isEngine = (module: unknown): module is Engine =>
  typeof module === 'object' &&
  module !== null &&
  'openEngine' in module &&
  typeof module.openEngine === 'function';
