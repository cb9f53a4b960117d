import type { Result } from '../../result.ts';
import type { Value } from '../../stage/context.ts';
import type { Engines } from '../../stage/define-stage.ts';
import type { Resources } from '../plan/instance.ts';

/** The part of an instance that names its engine and device. */
interface EngineChoice {
  readonly params: Readonly<Record<string, Value>>;
  readonly resources: Resources;
}

/** A param that contradicts another, or the resources. */
interface ChoiceFault {
  readonly param: string;
  readonly message: string;
}

/** Whether an instance leaves something to the machine, or names a device. */
export const leavesChoice = ({ by, device }: Engines, { params }: EngineChoice): boolean =>
  params[by] === automatic || (device !== undefined && params[device] !== undefined);

const automatic = 'auto';

/**
 * Replaces "auto" by an engine and a device: a GPU if the machine has one that the engine for GPUs can use,
 * else the CPU. A stage on a GPU requests one.
 */
export function chooseEngine(
  { by, device: deviceParam, auto }: Engines,
  { params, resources }: EngineChoice,
  hasGpu: boolean,
): Result<EngineChoice, ChoiceFault> {
  const engine = params[by];
  const device = deviceParam === undefined ? undefined : params[deviceParam];
  const canUseGpu = auto !== undefined && (engine === automatic || engine === auto.cuda);
  if (device === 'cpu' && resources.gpus > 0)
    return fault(
      deviceParam ?? by,
      `"${deviceParam}" is "cpu", but the stage asks for a GPU: remove "gpus" from its resources`,
    );
  if (device === 'cuda' && !canUseGpu)
    return fault(
      by,
      `the engine "${String(engine)}" computes on the CPU: use "${auto?.cuda ?? automatic}", or ` +
        `remove "${deviceParam}"`,
    );
  const isOpen = device === automatic || (device === undefined && engine === automatic);
  const usesGpu = device === 'cuda' || resources.gpus > 0 || (isOpen && canUseGpu && hasGpu);
  const chosen = engine === automatic && auto !== undefined ? (usesGpu ? auto.cuda : auto.cpu) : engine;
  return {
    ok: true,
    value: {
      params: {
        ...params,
        ...(chosen === undefined ? {} : { [by]: chosen }),
        ...(deviceParam === undefined || device === undefined
          ? {}
          : { [deviceParam]: usesGpu ? 'cuda' : 'cpu' }),
      },
      resources: usesGpu ? { ...resources, gpus: Math.max(1, resources.gpus) } : resources,
    },
  };
}

const fault = (param: string, message: string): { readonly ok: false; readonly error: ChoiceFault } => ({
  ok: false,
  error: { param, message },
});
