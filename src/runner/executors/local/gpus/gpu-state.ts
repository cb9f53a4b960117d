import { askNvidiaSmi } from '../../../../files/nvidia-smi.ts';
import type { GpuProcess, GpuUsage } from '../../../event.ts';
import type { Gpu } from '../../executor.ts';
import { statFields } from '../proc.ts';
import { partUsages } from './part-usages.ts';
import { uuidOf } from './visible-gpus.ts';

/** The current usage of GPUs, by their UUIDs; none: NVIDIA's tool is unavailable. */
export async function gpuUsages(gpus: readonly Gpu[]): Promise<ReadonlyMap<string, GpuUsage>> {
  const [ofCards, ofParts] = await Promise.all([
    gpus.some(({ card }) => card !== undefined) ? cardUsages() : [],
    gpus.some(({ part }) => part !== undefined) ? partUsages() : [],
  ]);
  return new Map([...ofCards, ...ofParts]);
}

async function cardUsages(): Promise<ReadonlyMap<string, GpuUsage>> {
  const rows = await rowsOf('--query-gpu=uuid,memory.used,memory.total,utilization.gpu');
  return new Map(
    rows.flatMap(([uuid = '', used, total, busy]) => {
      const [usedBytes, totalBytes] = [bytesIn(used), bytesIn(total)];
      return usedBytes === undefined || totalBytes === undefined
        ? []
        : [[uuid, { usedBytes, totalBytes, busyPercent: numberIn(busy) }] as const];
    }),
  );
}

/** The memory of the smallest of the GPUs, in bytes; undefined: unknown. */
export async function smallestMemory(gpus: readonly Gpu[]): Promise<number | undefined> {
  const usages = await gpuUsages(gpus);
  const known = gpus.flatMap((gpu) => usages.get(uuidOf(gpu) ?? '')?.totalBytes ?? []);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** What the GPUs of a job do together: memory in sum, and the mean of how busy they are. */
export function usageTogether(
  gpus: readonly Gpu[],
  usages: ReadonlyMap<string, GpuUsage>,
): GpuUsage | undefined {
  const found = gpus.flatMap((gpu) => usages.get(uuidOf(gpu) ?? '') ?? []);
  if (found.length === 0 || found.length < gpus.length) return undefined;
  const busy = found.flatMap(({ busyPercent }) => busyPercent ?? []);
  return {
    usedBytes: found.reduce((sum, { usedBytes }) => sum + usedBytes, 0),
    totalBytes: found.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    busyPercent:
      busy.length < found.length ? undefined : busy.reduce((sum, each) => sum + each, 0) / busy.length,
  };
}

/**
 * The programs that compute on some of the GPUs and belong to none of these process groups. Processes of
 * another PID namespace are omitted: their pids mean other processes here.
 */
export async function gpuProcesses(
  gpus: readonly Gpu[],
  ownGroups: ReadonlySet<number>,
): Promise<readonly GpuProcess[]> {
  const rows = await rowsOf('--query-compute-apps=gpu_uuid,pid,used_gpu_memory,process_name');
  return rows.flatMap(([uuid, pidText, used, ...name]) => {
    const gpu = gpus.find(({ card }) => card !== undefined && card === uuid);
    const pid = Number(pidText);
    const group = gpu && statFields(pid)?.[2];
    return gpu === undefined || group === undefined || ownGroups.has(Number(group))
      ? []
      : [{ gpu: gpu.name, pid, name: lastName(name.join(', ')), memoryBytes: bytesIn(used) }];
  });
}

async function rowsOf(query: string): Promise<readonly (readonly string[])[]> {
  const answer = (await askNvidiaSmi(query, 10, 'nounits')) ?? '';
  return answer
    .split('\n')
    .filter((line) => line.includes(','))
    .map((line) => line.split(',').map((field) => field.trim()));
}

const lastName = (path: string): string => path.split('/').at(-1) ?? path;

/** Values such as "[N/A]" give no number. */
function numberIn(text = ''): number | undefined {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function bytesIn(mebibytes: string | undefined): number | undefined {
  const number = numberIn(mebibytes);
  return number === undefined ? undefined : number * 2 ** 20;
}
