import type { Event, GpuProcess } from '../../event.ts';
import type { Gpu } from '../../executors/executor.ts';
import type { Instance } from '../../plan/instance.ts';
import { gpuProcessText } from '../../report/gpu-text.ts';
import { joinFirst } from '../../wording/join-first.ts';
import type { Session } from '../../status/session.ts';
import type { Allotment, GpuHolders, Share } from './allotment.ts';

/** The part of a run that this needs. */
interface Here {
  readonly session: Pick<Session, 'executorOf'>;
  emit(event: Event): void;
}

/** Waits for a share of the machine; reports the holders of the GPUs that it waits for, when they change. */
export async function shareFor(run: Here, instance: Instance, allotment: Allotment): Promise<Share> {
  let said = '';
  let noted = Promise.resolve();
  const share = await allotment.take(instance, (holders) => {
    const wait = gpuWait(holders);
    const text = JSON.stringify(wait);
    if (text !== said) noted = noteWait(noted, wait, holders);
    said = text;
  });
  await noted;
  return share;

  async function noteWait(before: Promise<void>, wait: Wait, { here }: GpuHolders): Promise<void> {
    await before;
    const gpus = here.flatMap((holder) => holder.gpus);
    const others = await othersOn(run, instance, gpus);
    run.emit({ kind: 'waiting-for-gpu', at: Date.now(), instance: instance.id, ...wait, others });
  }
}

type Wait = Pick<Extract<Event, { readonly kind: 'waiting-for-gpu' }>, 'holders' | 'otherRuns'>;

const gpuWait = ({ here, elsewhere }: GpuHolders): Wait => ({
  holders: here.map(({ instance, gpus }) => ({ instance, gpus: gpus.map(({ name }) => name) })),
  ...(elsewhere.length === 0
    ? {}
    : {
        otherRuns: elsewhere.map(({ gpu, claim: { by } }) => ({
          gpu: gpu.name,
          ...(by === undefined ? {} : { by }),
        })),
      }),
});

/**
 * Warns of other programs on the GPUs that an instance was given: memory that they hold is not there for it.
 */
export async function noteSharedGpus(run: Here, instance: Instance, gpus: readonly Gpu[]): Promise<void> {
  const others = await othersOn(run, instance, gpus);
  if (others.length === 0) return;
  run.emit({
    kind: 'warned',
    at: Date.now(),
    instance: instance.id,
    diagnostic: {
      severity: 'warning',
      code: 'gpu-in-use',
      message: `${instance.id} shares its GPU with ${joinFirst(others.map(gpuProcessText), 3)}`,
      help: 'to use other GPUs, name them in CUDA_VISIBLE_DEVICES',
    },
  });
}

async function othersOn(
  { session }: Here,
  instance: Instance,
  gpus: readonly Gpu[],
): Promise<readonly GpuProcess[]> {
  return gpus.length === 0 ? [] : ((await session.executorOf(instance).gpuProcesses?.(gpus)) ?? []);
}
