import type { Event, GpuProcess, GpuRun, GpuUsage } from '../event.ts';
import { durationText } from '../wording/duration-text.ts';
import { joinFirst } from '../wording/join-first.ts';
import { printable } from '../wording/printable.ts';
import { sizeText } from '../wording/size-text.ts';

/** "GPU 10.2 GiB of 24 GiB, 93 %". */
export const gpuUsageText = ({ usedBytes, totalBytes, busyPercent }: GpuUsage): string =>
  `GPU ${sizeText(usedBytes)} of ${sizeText(totalBytes)}` +
  (busyPercent === undefined ? '' : `, ${Math.round(busyPercent)} %`);

/** "python (pid 812, 10.2 GiB on GPU 0)". */
export function gpuProcessText({ name, pid, gpu, memoryBytes }: GpuProcess): string {
  const where = memoryBytes === undefined ? 'on' : `${sizeText(memoryBytes)} on`;
  return `${printable(name)} (pid ${pid}, ${where} GPU ${gpu})`;
}

/** "waits for a GPU: train[a] has GPU 0; in use as well: python (pid 812, 10.2 GiB on GPU 0)". */
export function gpuWaitText({
  at,
  holders,
  others,
  otherRuns = [],
}: Extract<Event, { kind: 'waiting-for-gpu' }>): string {
  const held = [
    ...holders.map(({ instance, gpus }) => `${instance} has ${gpus.map((gpu) => `GPU ${gpu}`).join(', ')}`),
    ...otherRuns.map(({ gpu, by }) => otherRunText(gpu, by, at)),
  ];
  return (
    `waits for a GPU: ${joinFirst(held, 4, { separator: '; ' })}` +
    (others.length === 0 ? '' : `; in use as well: ${joinFirst(others.map(gpuProcessText), 3)}`)
  );
}

/** "train[a] of /home/ann/other has had GPU 0 for 12 min (run 3, pid 812, user ann)". */
function otherRunText(gpu: string, by: GpuRun | undefined, at: number): string {
  if (by === undefined) return `another run has GPU ${gpu}`;
  const { instance, project, run, pid, user, since } = by;
  return (
    `${printable(instance)} of ${printable(project)} has had GPU ${gpu} for ` +
    `${durationText(Math.max(0, at - since) / 1000)} (run ${printable(run)}, pid ${pid}, user ${printable(user)})`
  );
}
