import type { QueueEnding, QueueStatus } from '../remote/queue.ts';
import { stuckText } from './stuck-text.ts';

/**
 * The format passed to squeue (`-o`, squeue(1) of Slurm 22.05): id, raw id, id of the array, index, state,
 * reason, nodes, times of submission and start, comment. The comment is last, since it may contain anything.
 */
export const queueFormat = '%i|%A|%F|%K|%T|%r|%N|%V|%S|%k';

/** A line of squeue. */
interface QueueRow {
  /** As scancel takes it: 12, or 12_3 of an array. */
  readonly id: string;
  /** The index in an array. */
  readonly index: number | undefined;
  readonly state: string;
  readonly reason: string;
  readonly nodes: string;
  readonly comment: string;
}

/** The lines of squeue that have all fields: a comment of somebody else's job may hold line ends. */
export function parseQueue(text: string): readonly QueueRow[] {
  return text.split('\n').flatMap((line) => {
    const [id, , , index, state, reason, nodes, , , ...comment] = line.split('|');
    if (
      id === undefined ||
      index === undefined ||
      state === undefined ||
      reason === undefined ||
      nodes === undefined ||
      comment.length === 0 ||
      !/^\d+/.test(id)
    )
      return [];
    return [
      {
        id,
        index: /^\d+$/.test(index) ? Number(index) : undefined,
        state,
        reason,
        nodes,
        comment: comment.join('|'),
      },
    ];
  });
}

/** The comment of our jobs: what comes before the index of their place. */
export const commentOf = (place: string): string => `pipeline:${place.split('/')[0] ?? ''}`;

/** The runner's jobs by their places. For a job that was submitted twice by mistake, the living copy. */
export function sightsIn(rows: readonly QueueRow[]): ReadonlyMap<string, QueueStatus> {
  const statuses = new Map<string, QueueStatus>();
  for (const row of rows) {
    if (!row.comment.startsWith('pipeline:')) continue;
    const base = row.comment.slice('pipeline:'.length);
    const place = row.index === undefined ? base : `${base}/${row.index}`;
    const status = statusOf(row);
    const before = statuses.get(place);
    if (before === undefined || rank[status.kind] > rank[before.kind]) statuses.set(place, status);
  }
  return statuses;
}

const rank: Readonly<Record<QueueStatus['kind'], number>> = { ended: 0, pending: 1, running: 2 };

/** States as in squeue(1), "JOB STATE CODES". COMPLETING is not ended: its processes may still write. */
function statusOf({ id, state, reason, nodes }: QueueRow): QueueStatus {
  const ended = (how: QueueEnding): QueueStatus => ({ kind: 'ended', id, how });
  const word = reason === 'None' || reason === '' ? state : `${state}, ${reason}`;
  switch (state) {
    case 'PENDING':
    case 'REQUEUE_HOLD':
    case 'SPECIAL_EXIT': {
      const stuck = stuckText(id, reason);
      return stuck === undefined ? { kind: 'pending', id } : { kind: 'pending', id, stuck };
    }
    case 'TIMEOUT':
    case 'DEADLINE':
      return ended({ kind: 'time-limit' });
    case 'OUT_OF_MEMORY':
      return ended({ kind: 'out-of-memory' });
    case 'CANCELLED':
      return ended({ kind: 'cancelled', message: `job ${id} was cancelled` });
    case 'NODE_FAIL':
    case 'BOOT_FAIL':
      return ended({ kind: 'lost', message: `its node ${nodes} failed (job ${id}: ${word})` });
    case 'PREEMPTED':
    case 'REVOKED':
      return ended({ kind: 'lost', message: `job ${id} was preempted (${word})` });
    case 'COMPLETED':
    case 'FAILED':
      return ended({ kind: 'lost', message: `job ${id} left no result (${word})` });
    default:
      return { kind: 'running', id, node: nodes };
  }
}
