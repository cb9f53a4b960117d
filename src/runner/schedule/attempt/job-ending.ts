import type { Failure } from '../../event.ts';
import type { JobResult } from '../../executors/executor.ts';
import type { Instance } from '../../plan/instance.ts';

/** How the job of an attempt ended, with all its processes gone: exit code 0, or the failure. */
export type JobEnding =
  | { readonly kind: 'exited' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'interrupted' }
  /** It continues without the run. */
  | { readonly kind: 'left' }
  /** It reached the time limit of its queue and resumes from its checkpoint as another job. */
  | { readonly kind: 'resumable' }
  | RefusedStart;

/** It was not started, since its result would not have had its key. */
export type RefusedStart = Extract<JobResult, { readonly kind: 'platform-differs' | 'inputs-changed' }>;

/** What the runner knows of a job besides its result. */
export interface SeenOfJob {
  /** It was asked to stop, by the user or since its result is no longer needed. */
  readonly isStopped: boolean;
  /** The runner ended it after the timeout of its instance. */
  readonly isTimedOut: boolean;
  /** The failure that its program reported. */
  readonly reported: string | undefined;
}

/** Judges the result that an executor has of a job. Undefined: the job is gone and left none. */
export function endingOf(
  result: JobResult | undefined,
  limits: Pick<Instance, 'timeout' | 'resources'>,
  { isStopped, isTimedOut, reported }: SeenOfJob,
): JobEnding {
  // An attempt that ends after it was asked to stop may be incomplete, whatever its exit code.
  const cutShort =
    result === undefined || result.kind === 'refused' || ('stopped' in result && result.stopped);
  if (isStopped && cutShort) return { kind: 'interrupted' };
  if (isTimedOut && cutShort) return timeout(limits);
  // A stage that is ended by its queue may report that, too.
  const isOfProgram = result === undefined || result.kind === 'refused' || 'stopped' in result;
  if (reported !== undefined && isOfProgram) return failed({ kind: 'reported', text: reported });
  return result === undefined ? failed({ kind: 'lost' }) : endingByResult(result, limits);
}

function endingByResult(result: JobResult, limits: Pick<Instance, 'timeout' | 'resources'>): JobEnding {
  // A failure names the requested limit, if any, so that the user can raise it.
  const { memory, time } = limits.resources;
  switch (result.kind) {
    case 'refused':
      return failed({ kind: 'spawn', message: result.message });
    case 'signal':
      return failed({ kind: 'signal', signal: result.signal });
    case 'exit':
      return result.code === 0 ? { kind: 'exited' } : failed({ kind: 'exit', code: result.code });
    case 'timeout':
      return timeout(limits);
    case 'time-limit':
      return result.hasCheckpoint
        ? { kind: 'resumable' }
        : failed({ kind: 'time-limit', ...(time === undefined ? {} : { seconds: time }) });
    case 'out-of-memory':
      return failed({ kind: 'out-of-memory', ...(memory === 0 ? {} : { bytes: memory }) });
    case 'disk':
    case 'cancelled':
    case 'lost':
      return failed(result);
    case 'platform-differs':
    case 'inputs-changed':
      return result;
  }
}

const timeout = ({ timeout: seconds }: Pick<Instance, 'timeout'>): JobEnding =>
  failed({ kind: 'timeout', seconds: seconds ?? 0 });

const failed = (failure: Failure): JobEnding => ({ kind: 'failed', failure });
