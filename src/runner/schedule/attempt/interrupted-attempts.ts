import type { Executor, SubmittedJob } from '../../executors/executor.ts';
import { handleOf } from '../../executors/executor.ts';
import type { Key } from '../../identity.ts';
import {
  abandonAttempt,
  endPublishedAttempts,
  keysInQueues,
  type OpenAttempt,
  openAttempts,
} from '../../store/attempts.ts';
import type { Store } from '../../store/database/open-store.ts';
import { allFoundOuts } from '../../store/found-outs.ts';
import { markReaped, wasKilled } from '../../store/runs.ts';
import { attemptFolder, attemptsFolder } from '../../workspace/cache-layout.ts';
import { removeTree } from '../../workspace/replace.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';
import { putBackFoundOuts } from '../outs/found-outs.ts';

interface Remains {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly executor: Executor;
}

/**
 * Cleans up after a killed run: processes, and attempts that no job will finish. Attempts whose jobs outlive
 * the runner are kept, for the run that needs their keys; so are scratch folders, from which a stage resumes.
 * The caller holds the lock.
 */
export async function closeKilledRun({ workspace, store, executor }: Remains): Promise<void> {
  if (!wasKilled(store) && allFoundOuts(store).length === 0) return;
  await executor.endLeftovers();
  endPublishedAttempts(store);
  const kept = new Set<string>();
  for (const attempt of openAttempts(store, executor.name)) {
    if ((await jobOf({ workspace, executor }, attempt)) === undefined) abandonAttempt(store, attempt);
    else kept.add(attempt.key);
  }
  for (const key of keysInQueues(store, executor.name)) kept.add(key);
  await removeAttempts(workspace, kept);
  await putBackFoundOuts({ workspace, store }, (key) => !kept.has(key));
  markReaped(store);
}

async function removeAttempts(workspace: Workspace, kept: ReadonlySet<string>): Promise<void> {
  const place = placeOf(workspace, attemptsFolder);
  if (kept.size === 0) return removeTree(workspace, place);
  for (const name of workspace.disk.list(place))
    if (!kept.has(name)) await removeTree(workspace, `${place}/${name}`);
}

/** An attempt of a run that died, and its job, which is still running or has ended since. */
export interface InterruptedAttempt {
  readonly attempt: OpenAttempt;
  readonly job: SubmittedJob;
}

/** The attempt at a key whose job outlived its runner. */
export async function interruptedAttempt(
  remains: Remains,
  key: Key,
): Promise<InterruptedAttempt | undefined> {
  const [attempt] = openAttempts(remains.store, remains.executor.name, key);
  const job = attempt && (await jobOf(remains, attempt));
  if (attempt !== undefined && job === undefined) abandonAttempt(remains.store, attempt);
  return attempt && job && { attempt, job };
}

/** Undefined: there is no such job, or it is gone and left no result. */
async function jobOf(
  { workspace, executor }: Pick<Remains, 'workspace' | 'executor'>,
  { key, nonce, handle: stored }: OpenAttempt,
): Promise<SubmittedJob | undefined> {
  const folder = placeOf(workspace, attemptFolder(key));
  const handle = stored === undefined ? await executor.recover(nonce, folder) : handleOf(stored);
  if (handle === undefined) return undefined;
  const job = { handle, nonce, folder };
  const [state] = await executor.poll([handle]);
  return state === 'gone' && (await executor.result(job)) === undefined ? undefined : job;
}
