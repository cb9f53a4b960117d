import type { GpuUsage } from '../../../event.ts';
import type { Gpu } from '../../executor.ts';
import { uuidOf } from './visible-gpus.ts';

/** Looks from time to time at what the GPUs of jobs are doing. */
interface GpuMeter {
  /** Until the function that it gives is called. */
  follow(gpus: readonly Gpu[], onUsage: (usage: GpuUsage) => void): () => void;
}

interface Followed {
  readonly gpus: readonly Gpu[];
  readonly onUsage: (usage: GpuUsage) => void;
}

/** One query for all jobs, repeated only after the last one returned: NVIDIA's tool may take seconds. */
export function gpuMeter(): GpuMeter {
  const jobs = new Set<Followed>();
  let timer: NodeJS.Timeout | undefined;
  let wait = firstWait;
  let isMeasuring = false;

  async function measure(): Promise<void> {
    isMeasuring = true;
    const { gpuUsages, usageTogether } = await import('./gpu-state.ts');
    const usages = await gpuUsages([...jobs].flatMap(({ gpus }) => gpus));
    isMeasuring = false;
    for (const { gpus, onUsage } of jobs) {
      const usage = usageTogether(gpus, usages);
      if (usage !== undefined) onUsage(usage);
    }
    wait = Math.min(longestWait, wait * 2);
    // After a query has failed, these jobs are no longer measured.
    if (usages.size > 0) again();
  }
  function again(): void {
    clearTimeout(timer);
    timer = jobs.size === 0 || isMeasuring ? undefined : setTimeout(() => void measure(), wait).unref();
  }

  return {
    follow(gpus, onUsage) {
      if (!gpus.some((gpu) => uuidOf(gpu) !== undefined)) return () => undefined;
      const job = { gpus, onUsage };
      jobs.add(job);
      wait = firstWait;
      again();
      return () => {
        jobs.delete(job);
      };
    },
  };
}

/** Milliseconds: soon after a start, then ever more rarely. */
const firstWait = 1000;
const longestWait = 16_000;
