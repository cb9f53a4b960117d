import type { Capacity, Gpu } from '../../executors/executor.ts';
import type { InstanceId } from '../../identity.ts';
import type { Resources } from '../../plan/instance.ts';

/** A part of the machine that is taken until `release`. */
export interface Share {
  readonly gpus: readonly Gpu[];
  release(): void;
}

/** Allocates shares of the machine in the order of the requests: small ones do not starve a large one. */
export interface Allotment {
  /** `onWait`: called at once with the holders of the GPUs, if too few are free. */
  take(wanted: Wanted, onWait?: (holders: readonly GpuHolder[]) => void): Promise<Share>;
  /** Undefined: it would have to wait. */
  takeNow(wanted: Wanted): Share | undefined;
}

/** The resources that an instance requests. */
export interface Wanted {
  readonly id: InstanceId;
  readonly resources: Resources;
}

/** An instance of the run, and the GPUs that it was given. */
export interface GpuHolder {
  readonly instance: InstanceId;
  readonly gpus: readonly Gpu[];
}

export function allotment(capacity: Capacity): Allotment {
  let { jobs, cpus, memory } = capacity;
  const holders = new Set<GpuHolder>();
  const queue: { readonly wanted: Wanted; readonly grant: (share: Share) => void }[] = [];

  /** Undefined: the executor hands them out itself. */
  function freeGpus(): readonly Gpu[] | undefined {
    const taken = new Set([...holders].flatMap(({ gpus }) => gpus.map(({ name }) => name)));
    return capacity.gpus()?.filter(({ name }) => !taken.has(name));
  }
  const hasGpus = (wanted: number): boolean => wanted === 0 || (freeGpus()?.length ?? Infinity) >= wanted;
  const fits = ({ resources: wanted }: Wanted): boolean =>
    jobs >= 1 &&
    cpus >= Math.min(wanted.cpus, capacity.cpus) &&
    hasGpus(wanted.gpus) &&
    memory >= wanted.memory;

  function grantNext(): void {
    for (let first = queue[0]; first !== undefined && fits(first.wanted); first = queue[0]) {
      queue.shift();
      first.grant(shareOf(first.wanted));
    }
  }
  function shareOf({ id, resources: wanted }: Wanted): Share {
    const gpus = wanted.gpus === 0 ? [] : (freeGpus()?.slice(0, wanted.gpus) ?? []);
    const holder: GpuHolder = { instance: id, gpus };
    if (gpus.length > 0) holders.add(holder);
    const used = Math.min(wanted.cpus, capacity.cpus);
    jobs -= 1;
    cpus -= used;
    memory -= wanted.memory;
    return {
      gpus,
      release() {
        jobs += 1;
        cpus += used;
        memory += wanted.memory;
        holders.delete(holder);
        grantNext();
      },
    };
  }

  return {
    take(wanted, onWait) {
      return new Promise((grant) => {
        const entry = { wanted, grant };
        queue.push(entry);
        grantNext();
        if (queue.includes(entry) && !hasGpus(wanted.resources.gpus)) onWait?.([...holders]);
      });
    },
    takeNow: (wanted) => (queue.length === 0 && fits(wanted) ? shareOf(wanted) : undefined),
  };
}
