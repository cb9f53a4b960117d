import type { Event, GpuProcess } from '../../event.ts';
import type { Gpu } from '../../executors/executor.ts';
import type { Instance } from '../../plan/instance.ts';
import { gpuProcessText } from '../../report/gpu-text.ts';
import { joinFirst } from '../../wording/join-first.ts';
import type { Session } from '../../status/session.ts';
import type { Allotment, GpuHolder, Share } from './allotment.ts';

/** The part of a run that this needs. */
interface Here {
  readonly session: Pick<Session, 'executorOf'>;
  emit(event: Event): void;
}

/** Waits for a share of the machine; reports the holders of the GPUs that it waits for. */
export async function shareFor(run: Here, instance: Instance, allotment: Allotment): Promise<Share> {
  const noted: Promise<void>[] = [];
  const share = await allotment.take(instance, (holders) => {
    noted.push(noteGpuWait(run, instance, holders));
  });
  await Promise.all(noted);
  return share;
}

/** Instances of the run, and other programs. */
async function noteGpuWait(run: Here, instance: Instance, holders: readonly GpuHolder[]): Promise<void> {
  const others = await othersOn(
    run,
    instance,
    holders.flatMap(({ gpus }) => gpus),
  );
  run.emit({
    kind: 'waiting-for-gpu',
    at: Date.now(),
    instance: instance.id,
    holders: holders.map(({ instance: id, gpus }) => ({ instance: id, gpus: gpus.map(({ name }) => name) })),
    others,
  });
}

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
