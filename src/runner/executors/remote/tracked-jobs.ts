import type { Handle, JobState } from '../executor.ts';
import { type FollowedLines, followLines } from './follow-lines.ts';
import type { Queue, QueueStatus } from './queue.ts';
import { resultOf, ticketOf, wasClaimed } from './ticket.ts';

/** What this process has seen of a job. */
export interface TrackedJob {
  status: QueueStatus | undefined;
  /** When the queue first reported the job as gone; undefined: it is there, or was not queried. */
  missingSince: number | undefined;
  isCancelled: boolean;
  lastReported: string | undefined;
  /** Why the queue did not take it. */
  refusal: string | undefined;
  onLine: ((line: string | null) => void) | undefined;
  lines: FollowedLines | undefined;
}

/** The jobs that this process follows, by what the queue and their files say. */
export interface TrackedJobs {
  track(handle: Handle): TrackedJob;
  forget(handle: Handle): void;
  /** Hands on the lines of a job's file of events, and its state in the queue when that changes. */
  follow(handle: Handle, events: string, onLine: (line: string | null) => void): void;
  /** Asks the queue if it is time to; never twice at once. */
  poll(handles: readonly Handle[]): Promise<void>;
  stateOf(handle: Handle): JobState;
  cancel(handles: readonly Handle[]): void;
  /** Resolves when files are to be read again. */
  tick(): Promise<void>;
  close(): void;
}

/** `interval`, `grace`: seconds between queries, and until a job that the queue does not know is gone. */
export function trackedJobs(
  queue: Queue,
  { interval, grace }: { readonly interval: number; readonly grace: number },
): TrackedJobs {
  const tracked = new Map<Handle, TrackedJob>();
  let statuses: ReadonlyMap<string, QueueStatus> | undefined;
  let nextPoll = 0;
  let polling: Promise<void> | undefined;
  let wake: (() => void) | undefined;

  function track(handle: Handle): TrackedJob {
    const known = tracked.get(handle) ?? untouched();
    tracked.set(handle, known);
    return known;
  }
  async function askQueue(handles: readonly Handle[]): Promise<void> {
    const tickets = handles.flatMap((handle) =>
      track(handle).refusal === undefined ? [ticketOf(handle)] : [],
    );
    statuses = tickets.length === 0 ? new Map() : await queue.statuses(tickets);
    nextPoll = performance.now() + interval * 1000;
    if (statuses === undefined) return;
    for (const handle of handles) {
      const job = track(handle);
      job.status = statuses.get(ticketOf(handle).place);
      const isThere = job.status !== undefined && job.status.kind !== 'ended';
      job.missingSince = isThere ? undefined : (job.missingSince ?? performance.now());
      reportStatus(job);
    }
    const again = handles.filter((handle) => {
      const { isCancelled, status } = track(handle);
      return isCancelled && status !== undefined && status.kind !== 'ended';
    });
    if (again.length > 0) await cancelInQueue(again);
  }
  const cancelInQueue = (handles: readonly Handle[]): Promise<void> =>
    queue.cancel(
      handles.map((handle) => {
        const ticket = ticketOf(handle);
        return { ...ticket, id: track(handle).status?.id ?? ticket.id };
      }),
    );
  async function cancelNow(handles: readonly Handle[]): Promise<void> {
    await cancelInQueue(handles);
    nextPoll = 0;
    wake?.();
  }

  return {
    track,
    forget: (handle) => void tracked.delete(handle),
    follow(handle, events, onLine) {
      const job = track(handle);
      job.onLine = onLine;
      job.lines = followLines(events, onLine);
      reportStatus(job);
    },
    async poll(handles) {
      if (polling === undefined && performance.now() < nextPoll) return;
      polling ??= askQueue(handles).finally(() => {
        polling = undefined;
      });
      await polling;
    },
    stateOf(handle) {
      const job = track(handle);
      job.lines?.read();
      if (job.refusal !== undefined || resultOf(ticketOf(handle)) !== undefined) return 'gone';
      if (statuses === undefined) return 'unknown';
      if (job.missingSince === undefined) return job.status?.kind === 'running' ? 'running' : 'pending';
      // It cannot have a result: its program was never started.
      if (job.isCancelled && !wasClaimed(ticketOf(handle))) return 'gone';
      return performance.now() - job.missingSince >= grace * 1000 ? 'gone' : 'unknown';
    },
    cancel(handles) {
      for (const handle of handles) track(handle).isCancelled = true;
      void cancelNow(handles);
    },
    tick: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, tickMilliseconds);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    close() {
      tracked.clear();
      wake?.();
    },
  };
}

const untouched = (): TrackedJob => ({
  status: undefined,
  missingSince: undefined,
  isCancelled: false,
  lastReported: undefined,
  refusal: undefined,
  onLine: undefined,
  lines: undefined,
});

/** Reports the state of a job to its follower when it changes. */
function reportStatus(job: TrackedJob): void {
  if (job.status === undefined || job.onLine === undefined) return;
  const text = statusText(job.status);
  if (text === undefined || text === job.lastReported) return;
  job.lastReported = text;
  const isStuck = job.status.kind === 'pending' && job.status.stuck !== undefined;
  job.onLine(JSON.stringify({ kind: isStuck ? 'warning' : 'log', text }));
}

function statusText(status: QueueStatus): string | undefined {
  switch (status.kind) {
    case 'pending':
      return status.stuck ?? `waiting in the queue as job ${status.id}`;
    case 'running':
      return `running on ${status.node} as job ${status.id}`;
    case 'ended':
      return undefined;
  }
}

/** How often the folders of attempts are read. */
const tickMilliseconds = 1000;
