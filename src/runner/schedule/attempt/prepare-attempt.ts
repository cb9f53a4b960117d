import type { Result } from '../../../result.ts';
import type { Failure } from '../../event.ts';
import { abandonAttempt } from '../../store/attempts.ts';
import { dropScratch, hasOrigin, openScratch, originOf } from '../../workspace/scratch.ts';
import { clearWorkspaceOuts, keptFilesWarning } from '../outs/place-outs.ts';
import { warn } from '../run.ts';
import { openAttempt } from './attempt-folder.ts';
import type { Execution } from './execution.ts';
import { type InterruptedAttempt, interruptedAttempt } from './interrupted-attempts.ts';

/** What an attempt begins with. */
export type Beginning =
  /** Its folders are ready for a new job. `resumed`: there is a checkpoint to continue from. */
  | { readonly kind: 'new'; readonly resumed: boolean }
  /** Its job was submitted by a run that was killed. */
  | { readonly kind: 'taken-up'; readonly left: InterruptedAttempt };

/**
 * Prepares the folders of an attempt. The first one takes up the job that a killed run left, if there is one.
 */
export async function prepareAttempt(
  execution: Execution,
  attempt: number,
): Promise<Result<Beginning, Failure>> {
  const left = attempt === 1 ? await leftByKilledRun(execution) : undefined;
  if (left !== undefined) return { ok: true, value: { kind: 'taken-up', left } };
  return prepareFolders(execution, execution.forced && attempt === 1);
}

/**
 * The attempt at this key whose job outlived its runner. A job with other inputs, or one that must not count,
 * is cancelled.
 */
async function leftByKilledRun({
  run: { session, jobs },
  instance,
  assessment: { key, stamps },
  forced,
}: Execution): Promise<InterruptedAttempt | undefined> {
  const executor = session.executorOf(instance);
  const left = await interruptedAttempt({ ...session, executor }, key);
  if (left === undefined) return undefined;
  if (!forced && (await hasOrigin(session.workspace, key, originOf(stamps)))) return left;
  executor.cancel([left.job.handle], 0);
  await jobs.of(executor).ended(left.job);
  abandonAttempt(session.store, left.attempt);
  return undefined;
}

async function prepareFolders(
  { run, instance, assessment: { key, stamps } }: Execution,
  isAnew: boolean,
): Promise<Result<Beginning, Failure>> {
  const { workspace } = run.session;
  const obstacle = await clearWorkspaceOuts(run.session, instance, key, (folder) =>
    warn(run, instance.id, keptFilesWarning(folder)),
  );
  if (obstacle !== undefined) return diskFailure(obstacle);
  await openAttempt(workspace, instance, key);
  if (isAnew) await dropScratch(workspace, key);
  const resumed = await openScratch(workspace, key, originOf(stamps));
  return resumed.ok
    ? { ok: true, value: { kind: 'new', resumed: resumed.value } }
    : diskFailure(`${resumed.error.path}: ${resumed.error.message}`);
}

const diskFailure = (message: string): Result<never, Failure> => ({
  ok: false,
  error: { kind: 'disk', message },
});
