import type { Capacity, Gpu, GpuClaim } from '../../executors/executor.ts';
import type { InstanceId } from '../../identity.ts';
import type { Resources } from '../../plan/instance.ts';

/** A part of the machine that is taken until `release`. */
export interface Share {
  readonly gpus: readonly Gpu[];
  release(): void;
}

/**
 * Allocates shares of the machine in the order of the requests: small ones do not starve a large one. Only
 * what waits for a GPU of another run, perhaps for hours, lets instances pass that need no GPU.
 */
export interface Allotment {
  /**
   * `onWait`: called with the holders of the GPUs, if too few are free. After the run has stopped starting
   * instances, a share may be empty.
   */
  take(wanted: Wanted, onWait?: (holders: GpuHolders) => void): Promise<Share>;
  /** Undefined: it would have to wait. */
  takeNow(wanted: Wanted): Share | undefined;
}

/** The resources that an instance requests. */
interface Wanted {
  readonly id: InstanceId;
  readonly resources: Resources;
}

/** An instance of the run, and the GPUs that it was given. */
interface GpuHolder {
  readonly instance: InstanceId;
  readonly gpus: readonly Gpu[];
}

/** Of this run, and of other runs on the machine. */
export interface GpuHolders {
  readonly here: readonly GpuHolder[];
  readonly elsewhere: readonly { readonly gpu: Gpu; readonly claim: HeldClaim }[];
}

type HeldClaim = Extract<GpuClaim, { readonly kind: 'held' }>;

/** How a run agrees with other runs on the machine about its GPUs. */
export interface GpuClaims {
  claim(gpu: Gpu, instance: InstanceId): Promise<Exclude<GpuClaim, { readonly kind: 'unavailable' }>>;
  /** Aborts when the run starts no more instances: nothing waits for other runs then. */
  readonly startsNoMore: AbortSignal;
}

interface Request {
  readonly wanted: Wanted;
  readonly grant: (share: Share) => void;
  readonly onWait: (holders: GpuHolders) => void;
}

/** `claims`: absent if no other run uses these GPUs. */
export function allotment(capacity: Capacity, claims?: GpuClaims): Allotment {
  let { jobs, cpus, memory } = capacity;
  const holders = new Set<GpuHolder>();
  const queue: Request[] = [];
  const told = new WeakSet<Request>();
  /**
   * Exists while the first request for GPUs claims them, or waits for other runs, which `elsewhere` names.
   */
  let claiming: { elsewhere: GpuHolders['elsewhere']; tryAgain(): void } | undefined;

  /** Undefined: the executor hands them out itself. */
  function freeGpus(): readonly Gpu[] | undefined {
    const taken = new Set([...holders].flatMap(({ gpus }) => gpus.map(({ name }) => name)));
    return capacity.gpus()?.filter(({ name }) => !taken.has(name));
  }
  const hasGpus = (wanted: number): boolean => wanted === 0 || (freeGpus()?.length ?? Infinity) >= wanted;
  const holdersNow = (): GpuHolders => ({ here: [...holders], elsewhere: claiming?.elsewhere ?? [] });
  const fits = ({ resources: wanted }: Wanted): boolean =>
    jobs >= 1 &&
    cpus >= Math.min(wanted.cpus, capacity.cpus) &&
    hasGpus(wanted.gpus) &&
    memory >= wanted.memory;

  /**
   * Tells each request once what it waits for, and that which waits for other runs each time they hold it up.
   */
  function tellWaiting(): void {
    const { elsewhere } = holdersNow();
    for (const request of queue) {
      const { gpus } = request.wanted.resources;
      if (told.has(request) || gpus === 0 || (elsewhere.length === 0 && hasGpus(gpus))) continue;
      told.add(request);
      request.onWait(holdersNow());
    }
  }

  function grantNext(): void {
    for (const request of queue.slice()) {
      const needsGpus = request.wanted.resources.gpus > 0;
      if (claiming !== undefined && needsGpus) continue;
      if (!fits(request.wanted)) return;
      if (needsGpus && claims !== undefined) void claimGpus(request, claims);
      else {
        queue.splice(queue.indexOf(request), 1);
        request.grant(shareOf(request.wanted));
      }
    }
  }

  function shareOf({ id, resources }: Wanted): Share {
    const gpus = resources.gpus === 0 ? [] : (freeGpus()?.slice(0, resources.gpus) ?? []);
    return releasable(gpus, occupy({ id, resources }, gpus));
  }

  function releasable(gpus: readonly Gpu[], ...endings: readonly (() => void)[]): Share {
    return {
      gpus,
      release() {
        for (const end of endings) end();
        claiming?.tryAgain();
        grantNext();
      },
    };
  }

  function occupy({ id, resources: wanted }: Wanted, gpus: readonly Gpu[]): () => void {
    const holder: GpuHolder = { instance: id, gpus };
    if (gpus.length > 0) holders.add(holder);
    const used = Math.min(wanted.cpus, capacity.cpus);
    jobs -= 1;
    cpus -= used;
    memory -= wanted.memory;
    return () => {
      jobs += 1;
      cpus += used;
      memory += wanted.memory;
      holders.delete(holder);
    };
  }

  /** For a request that fits; if other runs have the GPUs, it waits until something changes. */
  async function claimGpus(request: Request, { claim: claimOne, startsNoMore }: GpuClaims): Promise<void> {
    const { wanted } = request;
    const change = new AbortController();
    const own: typeof claiming = { elsewhere: [], tryAgain: () => change.abort() };
    claiming = own;
    const vacate = occupy(wanted, []);
    const { claimed, held } = await claimSome(freeGpus() ?? [], wanted, claimOne);
    vacate();
    if (claimed.length === wanted.resources.gpus) {
      const gpus = claimed.map(({ gpu }) => gpu);
      queue.splice(queue.indexOf(request), 1);
      request.grant(releasable(gpus, ...claimed.map(({ release }) => release), occupy(wanted, gpus)));
    } else {
      for (const { release } of claimed) release();
      own.elsewhere = held;
      told.delete(request);
      tellWaiting();
      grantNext();
      const woken = whenAborted(AbortSignal.any([change.signal, startsNoMore]));
      await Promise.race([woken, ...held.map(({ claim }) => claim.freed)]);
      if (startsNoMore.aborted) for (const { grant } of queue.splice(0)) grant(releasable([]));
    }
    for (const { claim } of held) claim.stopWaiting();
    claiming = undefined;
    grantNext();
    tellWaiting();
  }

  return {
    take(wanted, onWait = () => undefined) {
      return new Promise((grant) => {
        const request = { wanted, grant, onWait };
        queue.push(request);
        grantNext();
        tellWaiting();
      });
    },
    takeNow: (wanted) => (queue.length === 0 && fits(wanted) ? shareOf(wanted) : undefined),
  };
}

interface Claims {
  readonly claimed: readonly { readonly gpu: Gpu; readonly release: () => void }[];
  readonly held: GpuHolders['elsewhere'];
}

/** Claims one GPU after another, up to the wanted number or until that cannot be reached any more. */
async function claimSome(
  free: readonly Gpu[],
  { id, resources }: Wanted,
  claim: GpuClaims['claim'],
): Promise<Claims> {
  const claimed: { readonly gpu: Gpu; readonly release: () => void }[] = [];
  const held: { readonly gpu: Gpu; readonly claim: HeldClaim }[] = [];
  for (const gpu of free) {
    if (claimed.length === resources.gpus || free.length - held.length < resources.gpus) break;
    const answer = await claim(gpu, id);
    if (answer.kind === 'claimed') claimed.push({ gpu, release: () => answer.release() });
    else held.push({ gpu, claim: answer });
  }
  return { claimed, held };
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
