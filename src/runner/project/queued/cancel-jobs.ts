import { setTimeout as pause } from 'node:timers/promises';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import type { CancelledJobs } from '../../answers/runs.ts';
import { type Executor, type Handle, handleOf } from '../../executors/executor.ts';
import type { Selection } from '../../plan/select.ts';
import { abandonAttempt, attemptsInQueues, type OpenAttempt } from '../../store/attempts.ts';
import { takeLock } from '../../store/lock.ts';
import { attemptFolder } from '../../workspace/cache-layout.ts';
import { removeTree } from '../../workspace/replace.ts';
import { placeOf } from '../../workspace/workspace.ts';
import type { Opened } from '../open-rows.ts';
import { invalid } from '../planning/invalid.ts';
import type { Planned } from '../planning/plan-here.ts';
import { selectFrom } from '../planning/select-from.ts';

/**
 * Cancels the queued jobs of instances, and waits until they are gone. If a run is about to submit some, it
 * waits for them first. A run that follows its jobs records their end; without such a run, it is recorded
 * here.
 */
export async function cancelJobs(
  opened: Opened,
  planned: Planned,
  { patterns }: Pick<Selection, 'patterns'>,
): Promise<Result<CancelledJobs, Problem>> {
  const selected = selectFrom(planned, { patterns, mode: patterns.length === 0 ? 'needs' : 'only' });
  if (!selected.ok) return selected;
  const chosen = new Set<string>(selected.value.chosen.map(({ id }) => id));
  const { store, executors } = opened;
  const open = (): readonly OpenAttempt[] =>
    attemptsInQueues(store, planned.plan.pipeline, executors.local.name).filter(
      ({ instance }) => patterns.length === 0 || chosen.has(instance),
    );
  let attempts = open();
  let found = await jobsOf(opened, planned, attempts);
  while (found.ok && found.value.missing > 0 && (await isRunOn(opened))) {
    await pause(pollMilliseconds);
    attempts = open();
    found = await jobsOf(opened, planned, attempts);
  }
  if (!found.ok) return found;
  const { jobs } = found.value;
  for (const [executor, handles] of jobs) await cancelled(executor, handles);
  await recordEnds(opened, attempts);
  return { ok: true, value: { cancelled: [...new Set(attempts.map(({ instance }) => instance))] } };
}

/**
 * A run stores an attempt first, and its job once a queue has accepted it: until then there is nothing to
 * cancel.
 */
const pollMilliseconds = 100;

async function isRunOn({ store }: Opened): Promise<boolean> {
  const lock = await takeLock(store, 0, new AbortController().signal);
  if (lock.ok) lock.value.release();
  return !lock.ok && lock.error.kind === 'busy';
}

/** The jobs of attempts by their executors. `missing`: so many attempts have none yet. */
async function jobsOf(
  opened: Opened,
  planned: Planned,
  attempts: readonly OpenAttempt[],
): Promise<
  Result<{ readonly jobs: ReadonlyMap<Executor, readonly Handle[]>; readonly missing: number }, Problem>
> {
  const unknown = attempts.find(({ executor }) => !planned.executors.has(executor));
  if (unknown !== undefined)
    return invalid(
      [
        {
          severity: 'error',
          code: 'unknown-executor',
          message:
            `the job of ${unknown.instance} was submitted by the executor "${unknown.executor}", which ` +
            'is no longer defined',
          help: 'define it again in "executors:"',
        },
      ],
      planned.sources,
    );
  const jobs = new Map<Executor, Handle[]>();
  let missing = 0;
  for (const attempt of attempts) {
    const executor = await opened.executors.open(attempt.executor, planned.executors);
    const handle = await handleOfAttempt(opened, executor, attempt);
    if (handle === undefined) missing += 1;
    else jobs.set(executor, [...(jobs.get(executor) ?? []), handle]);
  }
  return { ok: true, value: { jobs, missing } };
}

const handleOfAttempt = async (
  { workspace }: Opened,
  executor: Executor,
  { handle, nonce, key }: OpenAttempt,
): Promise<Handle | undefined> =>
  handle === undefined ? executor.recover(nonce, placeOf(workspace, attemptFolder(key))) : handleOf(handle);

async function cancelled(executor: Executor, handles: readonly Handle[]): Promise<void> {
  // It learns first which of them are there.
  await executor.poll(handles);
  executor.cancel(handles, 0);
  while ((await executor.poll(handles)).some((state) => state !== 'gone')) await executor.changed();
  executor.close();
}

async function recordEnds({ workspace, store }: Opened, attempts: readonly OpenAttempt[]): Promise<void> {
  const lock = await takeLock(store, 0, new AbortController().signal);
  if (!lock.ok) return;
  try {
    for (const attempt of attempts) {
      abandonAttempt(store, attempt);
      await removeTree(workspace, placeOf(workspace, attemptFolder(attempt.key)));
    }
  } finally {
    lock.value.release();
  }
}
