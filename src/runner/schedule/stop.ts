import type { StopSignals } from '../run-request.ts';
import { graceSeconds } from '../executors/executor.ts';

/** Whether a run continues. Checked before each start; running work is notified of a stop. */
export interface Stop {
  /** No more instances are started: one failed, or the user stopped the run. */
  isStopping(): boolean;
  /** The user stopped the run: running stages are asked to stop. */
  isStoppingStages(): boolean;
  /** A failure: what runs may finish. */
  startNoMore(): void;
  /**
   * Registers something that runs; gives the end of the registration. `end`: seconds until it is killed,
   * null: it may take its time.
   */
  whileRunning(end: (grace: number | null) => void): () => void;
  /**
   * Registers a job that continues without the run; returns the function that ends the registration. `leave`:
   * the run is stopped, and nothing else holds it; `end`: the user stopped it for the second time.
   */
  whileAttached(leave: () => void, end: () => void): () => void;
  /** Aborts when no more instances are started. */
  readonly startsNoMore: AbortSignal;
  /** Aborts when the run is to stop. */
  readonly stopped: AbortSignal;
  /**
   * Aborts a moment after the user stopped the run for the second time: results that are still being cached
   * or restored are abandoned.
   */
  readonly givenUp: AbortSignal;
  close(): void;
}

/** Long enough to cache a result of a few files, which may have taken hours to compute. */
const giveUpMilliseconds = 500;

/** `onStop` is called once for each step: gently, then hard. */
export function stopFor({ graceful, hard }: StopSignals, onStop: (hard: boolean) => void): Stop {
  const running = new Set<(grace: number | null) => void>();
  const attached = new Map<() => void, () => void>();
  const stopped = new AbortController();
  const givenUp = new AbortController();
  let giveUpTimer: NodeJS.Timeout | undefined;
  const noMore = new AbortController();

  const stopGracefully = (): void => {
    onStop(false);
    noMore.abort();
    stopped.abort();
    for (const end of running) end(gracefulSeconds());
    leaveJobs();
  };
  /** While local stages stop, the user may still request that the jobs stop too. */
  const leaveJobs = (): void => {
    if (stopped.signal.aborted && running.size === 0) for (const leave of attached.keys()) leave();
  };
  const stopForced = (): void => {
    onStop(true);
    noMore.abort();
    stopped.abort();
    for (const end of running) end(0);
    for (const end of attached.values()) end();
    giveUpTimer = setTimeout(() => givenUp.abort(), giveUpMilliseconds);
  };
  // Ctrl-C may be pressed again; any other signal comes from a system that sends it only once.
  const gracefulSeconds = (): number | null => (graceful.reason === 'SIGINT' ? null : graceSeconds);

  if (graceful.aborted) stopGracefully();
  else graceful.addEventListener('abort', stopGracefully);
  if (hard.aborted) stopForced();
  else hard.addEventListener('abort', stopForced);

  return {
    isStopping: () => noMore.signal.aborted,
    isStoppingStages: () => stopped.signal.aborted,
    startNoMore() {
      noMore.abort();
    },
    whileRunning(end) {
      running.add(end);
      if (stopped.signal.aborted) end(hard.aborted ? 0 : gracefulSeconds());
      return () => {
        running.delete(end);
        leaveJobs();
      };
    },
    whileAttached(leave, end) {
      attached.set(leave, end);
      if (hard.aborted) end();
      else leaveJobs();
      return () => attached.delete(leave);
    },
    startsNoMore: noMore.signal,
    stopped: stopped.signal,
    givenUp: givenUp.signal,
    close() {
      clearTimeout(giveUpTimer);
      graceful.removeEventListener('abort', stopGracefully);
      hard.removeEventListener('abort', stopForced);
    },
  };
}
