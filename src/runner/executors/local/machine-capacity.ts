import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Capacity } from '../executor.ts';

/**
 * This machine, as far as this process may use it. Who asks for more jobs than there are CPUs shares them.
 */
export function machineCapacity(wantedJobs: number | undefined): Capacity {
  const jobs = wantedJobs ?? availableParallelism();
  const cpus = Math.max(jobs, availableParallelism());
  const limit = process.constrainedMemory();
  return {
    jobs,
    cpus,
    gpus: gpuNumbers,
    memory: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    gpuMemory: async () => (await import('./gpu-memory.ts')).gpuMemory(),
  };
}

/** NVIDIA's driver makes a device file for each. */
function gpuNumbers(): readonly number[] {
  try {
    return readdirSync('/dev')
      .flatMap((name) => /^nvidia(\d+)$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}
