/** The number of parallel uploads: enough to hide latency, few enough to leave bandwidth to others. */
const atOnce = 4;

interface UploadQueue {
  /** Starts now, or when others have ended. An action never rejects. */
  add(act: () => Promise<void>): void;
  /** Waits until all is done, or `stopped` aborts; gives how many were never started. */
  finish(stopped: AbortSignal): Promise<number>;
  /** Waits for those that were started. */
  ended(): Promise<void>;
}

/** Work beside a run, in the order in which it came, a few at once. */
export function uploadQueue(): UploadQueue {
  const waiting: (() => Promise<void>)[] = [];
  const running = new Set<Promise<void>>();
  function start(): void {
    while (running.size < atOnce) {
      const act = waiting.shift();
      if (act === undefined) return;
      const ending = act().finally(() => {
        running.delete(ending);
        start();
      });
      running.add(ending);
    }
  }
  const ended = async (): Promise<void> => {
    while (running.size > 0) await Promise.all(running);
  };
  return {
    add(act) {
      waiting.push(act);
      start();
    },
    async finish(stopped) {
      if (!stopped.aborted) await Promise.race([ended(), abortOf(stopped)]);
      return waiting.splice(0).length + (stopped.aborted ? running.size : 0);
    },
    ended,
  };
}

const abortOf = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
