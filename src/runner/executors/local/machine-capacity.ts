import { availableParallelism, totalmem } from 'node:os';
import type { Capacity, Gpu } from '../executor.ts';

/**
 * This machine, as far as this process may use it. If the user requests more jobs than there are CPUs, they
 * share the CPUs.
 */
export function machineCapacity(wantedJobs: number | undefined, gpus: () => readonly Gpu[]): Capacity {
  const jobs = wantedJobs ?? availableParallelism();
  const cpus = Math.max(jobs, availableParallelism());
  const limit = process.constrainedMemory();
  return {
    jobs,
    cpus,
    gpus,
    memory: limit > 0 ? Math.min(limit, totalmem()) : totalmem(),
    gpuMemory: async () => (await import('./gpus/gpu-state.ts')).smallestMemory(gpus()),
  };
}
