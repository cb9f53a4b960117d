import type { Event } from '../../event.ts';
import type { Executor } from '../../executors/executor.ts';
import type { RunId } from '../../identity.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { JobsOfRun } from '../jobs.ts';
import type { Stop } from '../stop.ts';
import type { GpuClaims } from './allotment.ts';

/** The part of a run that this needs. */
interface Here {
  readonly session: { readonly workspace: Workspace };
  readonly run: RunId;
  readonly jobs: JobsOfRun;
  readonly stop: Pick<Stop, 'startsNoMore'>;
  emit(event: Event): void;
}

/**
 * The claims of a run on the GPUs of an executor. If they cannot be made it goes on without, with a warning.
 */
export function claimsOfRun(
  { session, run, stop, jobs, emit }: Here,
  executor: Executor,
): GpuClaims | undefined {
  const { claimGpu } = jobs.of(executor);
  if (claimGpu === undefined) return undefined;
  let isWarned = false;
  return {
    startsNoMore: stop.startsNoMore,
    async claim(gpu, instance) {
      const answer = await claimGpu(gpu, { project: session.workspace.root, run, instance });
      if (answer.kind !== 'unavailable') return answer;
      if (!isWarned) emit(unclaimedWarning(answer.message));
      isWarned = true;
      return { kind: 'claimed', release: () => undefined };
    },
  };
}

const unclaimedWarning = (message: string): Event => ({
  kind: 'warned',
  at: Date.now(),
  instance: null,
  diagnostic: {
    severity: 'warning',
    code: 'gpus-unclaimed',
    message: `other runs on this machine may use the same GPUs at the same time: ${message}`,
    help: 'give each run GPUs of its own with CUDA_VISIBLE_DEVICES',
  },
});
