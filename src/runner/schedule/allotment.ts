import type { Capacity } from '../executors/executor.ts';
import type { Resources } from '../plan/instance.ts';

/** A part of the machine that is taken until `release`. */
export interface Share {
  readonly gpus: readonly number[];
  release(): void;
}

/**
 * Hands out shares of the machine in the order in which they were asked for: a large one is not starved by
 * small ones.
 */
export interface Allotment {
  take(wanted: Resources): Promise<Share>;
  /** Undefined: it would have to wait. */
  takeNow(wanted: Resources): Share | undefined;
}

export function allotment(capacity: Capacity): Allotment {
  let { jobs, cpus, memory } = capacity;
  let free: number[] | undefined;
  let isNumbered: boolean | undefined;
  const gpus = (): number[] | undefined => {
    if (isNumbered === undefined) {
      const numbers = capacity.gpus();
      isNumbered = numbers !== undefined;
      free = numbers && [...numbers];
    }
    return free;
  };
  const queue: { readonly wanted: Resources; readonly grant: (share: Share) => void }[] = [];

  const fits = (wanted: Resources): boolean =>
    jobs >= 1 &&
    cpus >= Math.min(wanted.cpus, capacity.cpus) &&
    (wanted.gpus === 0 || (gpus()?.length ?? Infinity) >= wanted.gpus) &&
    memory >= wanted.memory;

  function grantNext(): void {
    for (let first = queue[0]; first !== undefined && fits(first.wanted); first = queue[0]) {
      queue.shift();
      first.grant(shareOf(first.wanted));
    }
  }
  function shareOf(wanted: Resources): Share {
    const taken = wanted.gpus === 0 ? [] : (gpus()?.splice(0, wanted.gpus) ?? []);
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
        if (taken.length > 0) free = [...(free ?? []), ...taken].sort((a, b) => a - b);
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
    takeNow: (wanted) => (queue.length === 0 && fits(wanted) ? shareOf(wanted) : undefined),
  };
}
