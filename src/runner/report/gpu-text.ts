import type { Event, GpuProcess, GpuUsage } from '../event.ts';
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

/** "waits for a GPU: train[a] has GPU 0; also on it: python (pid 812, 10.2 GiB on GPU 0)". */
export function gpuWaitText({ holders, others }: Extract<Event, { kind: 'waiting-for-gpu' }>): string {
  const held = holders.map(
    ({ instance, gpus }) => `${instance} has ${gpus.map((gpu) => `GPU ${gpu}`).join(', ')}`,
  );
  return (
    `waits for a GPU: ${joinFirst(held, 4, { separator: '; ' })}` +
    (others.length === 0 ? '' : `; in use as well: ${joinFirst(others.map(gpuProcessText), 3)}`)
  );
}
