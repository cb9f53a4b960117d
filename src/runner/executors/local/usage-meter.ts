import type { Usage } from '../executor.ts';
import { pids, readProc, statFields } from './proc.ts';

/** Measures what process groups take whose leaders this process starts. */
interface UsageMeter {
  follow(group: number): void;
  /** Called when the leader was reaped. Undefined: the platform does not report usage. */
  ended(group: number): Promise<Usage | undefined>;
}

interface Followed {
  cpuSeconds: number;
  peakMemoryBytes: number;
}

/**
 * Reads /proc (proc(5)) on Linux; elsewhere nothing is measured, since Node reaps a child without its usage
 * (wait4). CPU time is what the kernel counts for all children that this process reaped, with their own
 * reaped children: exact to a tick when groups end one after another. For groups that end within one turn of
 * the event loop, and for memory, it is the last sample: processes are sampled after 20 ms, 40 ms and so on,
 * and then every second.
 */
export function usageMeter(): UsageMeter {
  if (process.platform !== 'linux') return { follow: () => undefined, ended: async () => undefined };
  const groups = new Map<number, Followed>();
  /** Those that ended in this turn of the event loop. */
  const ending: ((cpuSeconds: number | undefined) => void)[] = [];
  let reaped = reapedSeconds();
  let timer: NodeJS.Timeout | undefined;
  let wait = firstWait;

  function measure(): void {
    for (const [group, { cpuSeconds, memoryBytes, peakBytes }] of takenByGroup(groups)) {
      const known = groups.get(group);
      if (known === undefined) continue;
      known.cpuSeconds = Math.max(known.cpuSeconds, cpuSeconds);
      known.peakMemoryBytes = Math.max(known.peakMemoryBytes, memoryBytes, peakBytes);
    }
    wait = Math.min(longestWait, wait * 2);
    again();
  }
  function again(): void {
    clearTimeout(timer);
    timer = groups.size === 0 ? undefined : setTimeout(measure, wait).unref();
  }
  function reportEnded(): void {
    const before = reaped;
    reaped = reapedSeconds();
    const alone = ending.length === 1 ? reaped - before : undefined;
    for (const end of ending.splice(0)) end(alone);
  }

  return {
    follow(group) {
      groups.set(group, { cpuSeconds: 0, peakMemoryBytes: 0 });
      wait = firstWait;
      again();
    },
    async ended(group) {
      const cpuSeconds = await new Promise<number | undefined>((resolve) => {
        if (ending.push(resolve) === 1) setImmediate(reportEnded);
      });
      const seen = groups.get(group);
      groups.delete(group);
      if (seen === undefined) return undefined;
      return {
        cpuSeconds: cpuSeconds ?? seen.cpuSeconds,
        // A process that ended before the first measurement has none.
        ...(seen.peakMemoryBytes === 0 ? {} : { peakMemoryBytes: seen.peakMemoryBytes }),
      };
    },
  };
}

/** Milliseconds. */
const firstWait = 20;
const longestWait = 1000;

interface Taken {
  readonly cpuSeconds: number;
  /** The current memory of all processes together: pages that two share count twice. */
  readonly memoryBytes: number;
  /** Of the process that had most. */
  readonly peakBytes: number;
}

function takenByGroup(groups: ReadonlyMap<number, unknown>): ReadonlyMap<number, Taken> {
  const taken = new Map<number, Taken>();
  for (const pid of pids()) {
    const fields = statFields(pid);
    const group = Number(fields?.[2]);
    if (fields === undefined || !groups.has(group)) continue;
    const before = taken.get(group) ?? { cpuSeconds: 0, memoryBytes: 0, peakBytes: 0 };
    const status = readProc(pid, 'status');
    taken.set(group, {
      cpuSeconds: before.cpuSeconds + seconds(fields.slice(11, 15)),
      memoryBytes: before.memoryBytes + bytesIn(status, 'VmRSS'),
      peakBytes: Math.max(before.peakBytes, bytesIn(status, 'VmHWM')),
    });
  }
  return taken;
}

/** CPU time of the children that this process reaped: cutime and cstime. */
const reapedSeconds = (): number => seconds((statFields('self') ?? []).slice(13, 15));

/** Linux counts in hundredths of a second here, for any kernel tick (USER_HZ). */
const seconds = (ticks: readonly string[]): number =>
  ticks.reduce((sum, count) => sum + Number(count), 0) / 100;

const bytesIn = (status: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
