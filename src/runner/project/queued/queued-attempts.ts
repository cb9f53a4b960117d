import { type Executor, handleOf } from '../../executors/executor.ts';
import type { ExecutorSettings } from '../../pipeline-file/executor-settings.ts';
import { allAttemptsInQueues, type OpenAttempt } from '../../store/attempts.ts';
import { cachedFiles } from '../../cache/cached-files.ts';
import { attemptFolder } from '../../workspace/cache-layout.ts';
import { placeOf } from '../../workspace/workspace.ts';
import type { Opened } from '../open-rows.ts';

/** Attempts that were given to queues and whose end no run has seen. */
interface QueuedAttempts {
  /** Their jobs are over, and their results are not needed. */
  readonly dead: readonly OpenAttempt[];
  /** Their jobs may go on, or the next run takes up their results. */
  readonly kept: readonly OpenAttempt[];
}

/**
 * Sorts the attempts in queues. `executors`: those of each pipeline; `named`: the keys that a pipeline file
 * names. Jobs whose state is unknown, since their queue does not answer or is no longer defined, may
 * continue.
 */
export async function queuedAttempts(
  opened: Opened,
  executors: ReadonlyMap<string, ReadonlyMap<string, ExecutorSettings>>,
  named: ReadonlySet<string>,
): Promise<QueuedAttempts> {
  const { store } = opened;
  const [dead, kept]: [OpenAttempt[], OpenAttempt[]] = [[], []];
  const asked = new Set<Executor>();
  for (const attempt of allAttemptsInQueues(store, opened.executors.local.name)) {
    const settings = executors.get(attempt.pipeline);
    const isAwaited = named.has(attempt.key) && (await cachedFiles(opened, attempt.key)) === undefined;
    if (isAwaited || settings?.has(attempt.executor) !== true) {
      kept.push(attempt);
      continue;
    }
    const executor = await opened.executors.open(attempt.executor, settings);
    asked.add(executor);
    ((await isOver(opened, executor, attempt)) ? dead : kept).push(attempt);
  }
  for (const executor of asked) executor.close();
  return { dead, kept };
}

/** Whether no job of an attempt is there any more: none will write into its folder. */
async function isOver(
  { workspace }: Opened,
  executor: Executor,
  { handle: stored, nonce, key }: OpenAttempt,
): Promise<boolean> {
  const handle =
    stored === undefined
      ? await executor.recover(nonce, placeOf(workspace, attemptFolder(key)))
      : handleOf(stored);
  if (handle === undefined) return true;
  const [state] = await executor.poll([handle]);
  return state === 'gone';
}
