import { runNvidiaSmi } from '../../../../files/nvidia-smi.ts';
import type { GpuUsage } from '../../../event.ts';
import { type ListedGpu, parseGpuList } from './visible-gpus.ts';

/** The current memory of each part of a card (MIG), by its UUID; none: NVIDIA's tool does not tell. */
export async function partUsages(): Promise<ReadonlyMap<string, GpuUsage>> {
  const [list, details] = await Promise.all([runNvidiaSmi(['-L'], 10), runNvidiaSmi(['-q', '-x'], 10)]);
  return parsePartUsages(parseGpuList(list ?? ''), details ?? '');
}

/**
 * Of what `nvidia-smi -q -x` prints, which of all its answers alone has the memory of parts. It does not name
 * them by UUID, but has them in the order of `nvidia-smi -L`. The tool measures no utilization of a part.
 */
function parsePartUsages(listed: readonly ListedGpu[], details: string): ReadonlyMap<string, GpuUsage> {
  const usages = new Map<string, GpuUsage>();
  for (const card of elements(details, 'gpu')) {
    const uuid = /<uuid>(GPU-[\w-]+)<\/uuid>/.exec(card)?.[1];
    const parts = listed.find((each) => each.uuid === uuid)?.parts ?? [];
    const described = elements(card, 'mig_device');
    if (described.length !== parts.length) continue;
    for (const [index, part] of parts.entries()) {
      const memory = elements(described[index] ?? '', 'fb_memory_usage')[0] ?? '';
      const [usedBytes, totalBytes] = [bytesOf(memory, 'used'), bytesOf(memory, 'total')];
      if (usedBytes !== undefined && totalBytes !== undefined)
        usages.set(part, { usedBytes, totalBytes, busyPercent: undefined });
    }
  }
  return usages;
}

const elements = (xml: string, name: string): readonly string[] =>
  xml.match(new RegExp(`<${name}(?: [^>]*)?>.*?</${name}>`, 'gs')) ?? [];

/** Values such as "N/A" give no number. */
function bytesOf(memory: string, name: string): number | undefined {
  const mebibytes = new RegExp(`<${name}>(\\d+) MiB</${name}>`).exec(memory)?.[1];
  return mebibytes === undefined ? undefined : Number(mebibytes) * 2 ** 20;
}
