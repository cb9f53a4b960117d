import { readdirSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import type { Resources } from '../plan/instance.ts';

/** What a machine, or the part of it that a run may use, has. */
export interface Capacity {
  readonly jobs: number;
  readonly cpus: number;
  /** The numbers of its GPUs; looked up when it is asked. */
  readonly gpus: () => readonly number[];
  /** Bytes. */
  readonly memory: number;
}

/** This machine, as far as this process may use it. Who asks for more jobs than there are CPUs shares them. */
export function machineCapacity(wantedJobs: number | undefined): Capacity {
  const jobs = wantedJobs ?? availableParallelism();
  const cpus = Math.max(jobs, availableParallelism());
  const limit = process.constrainedMemory();
  return { jobs, cpus, gpus: gpuNumbers, memory: limit > 0 ? Math.min(limit, totalmem()) : totalmem() };
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

/** A part of the machine that is taken until `release`. */
export interface Share {
  readonly gpus: readonly number[];
  release(): void;
}

/**
 * Hands out shares of the machine in the order in which they were asked for: a large one is not starved by small ones.
 */
export interface Allotment {
  take(wanted: Resources): Promise<Share>;
}

export function allotment(capacity: Capacity): Allotment {
  let { jobs, cpus, memory } = capacity;
  let free: number[] | undefined;
  const gpus = (): number[] => (free ??= [...capacity.gpus()]);
  const queue: { readonly wanted: Resources; readonly grant: (share: Share) => void }[] = [];

  const fits = (wanted: Resources): boolean =>
    jobs >= 1 &&
    cpus >= Math.min(wanted.cpus, capacity.cpus) &&
    (wanted.gpus === 0 || gpus().length >= wanted.gpus) &&
    memory >= wanted.memory;

  function grantNext(): void {
    for (let first = queue[0]; first !== undefined && fits(first.wanted); first = queue[0]) {
      queue.shift();
      first.grant(shareOf(first.wanted));
    }
  }
  function shareOf(wanted: Resources): Share {
    const taken = wanted.gpus === 0 ? [] : gpus().splice(0, wanted.gpus);
    const used = Math.min(wanted.cpus, capacity.cpus);
    jobs -= 1;
    cpus -= used;
    memory -= wanted.memory;
    return {
      gpus: taken,
      release() {
        jobs += 1;
        cpus += used;
        memory += wanted.memory;
        if (taken.length > 0) free = [...gpus(), ...taken].sort((a, b) => a - b);
        grantNext();
      },
    };
  }

  return {
    take(wanted) {
      return new Promise((grant) => {
        queue.push({ wanted, grant });
        grantNext();
      });
    },
  };
}
