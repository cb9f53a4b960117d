import type { JobResult } from '../executor.ts';
import type { ResultFile } from './job-file.ts';
import type { QueueEnding, QueueStatus } from './queue.ts';
import type { TrackedJob } from './tracked-jobs.ts';

/** How a job ended that left a result. `folder`: of its attempt. */
export function jobResult(
  { ending, host, platform: found, usage }: ResultFile,
  folder: string,
  { isCancelled, status }: Pick<TrackedJob, 'isCancelled' | 'status'>,
): JobResult {
  switch (ending.kind) {
    case 'exit':
      return { kind: 'exit', code: ending.code, stopped: false, usage };
    case 'signal':
      return { kind: 'signal', signal: ending.signal, stopped: isCancelled, usage };
    case 'stopped':
      if (isCancelled) return { kind: 'signal', signal: 'SIGTERM', stopped: true };
      if (ending.why === 'timeout') return { kind: 'timeout' };
      if (ending.why === 'time-limit' || isTimeLimit(status))
        return { kind: 'time-limit', hasCheckpoint: ending.hasCheckpoint };
      return status?.kind === 'ended' && status.how.kind === 'lost'
        ? status.how
        : { kind: 'cancelled', message: `its job was killed on ${host} by a signal` };
    case 'out-of-memory':
    case 'refused':
      return ending;
    case 'disk-full':
      return {
        kind: 'disk',
        message:
          `on ${host} nothing more could be written to ${folder} (no space left, or over quota), and its ` +
          'output may be cut short: free space or raise the quota, and run again',
      };
    case 'platform-differs':
      return { kind: 'platform-differs', platform: found, host };
    case 'inputs-changed':
      return { kind: 'inputs-changed', path: ending.path, host };
  }
}

const isTimeLimit = (status: QueueStatus | undefined): boolean =>
  status?.kind === 'ended' && status.how.kind === 'time-limit';

/** How a job ended that left none, by the queue and the log that the queue keeps. */
export function withoutResult(
  { isCancelled, status }: Pick<TrackedJob, 'isCancelled' | 'status'>,
  queueLog: string,
): JobResult {
  if (isCancelled) return { kind: 'signal', signal: 'SIGTERM', stopped: true };
  const how: QueueEnding =
    status?.kind === 'ended'
      ? status.how
      : { kind: 'lost', message: 'its job left the queue without a result' };
  switch (how.kind) {
    case 'time-limit':
      return { kind: 'time-limit', hasCheckpoint: false };
    case 'lost': {
      const last = queueLog.trimEnd().split('\n').at(-1) ?? '';
      return /^slurmstepd[^\n]*(oom.kill|memory limit)/im.test(queueLog)
        ? { kind: 'out-of-memory' }
        : { kind: 'lost', message: last === '' ? how.message : `${how.message}: ${last}` };
    }
    default:
      return how;
  }
}
