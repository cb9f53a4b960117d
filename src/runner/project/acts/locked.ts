import { dirname } from 'node:path';
import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import { partialFiles } from '../../cache/partial-files.ts';
import { closeKilledRun } from '../../schedule/attempt/interrupted-attempts.ts';
import { takeLock } from '../../store/lock.ts';
import { allPlacements } from '../../store/placements.ts';
import { wasKilled } from '../../store/runs.ts';
import { linkedFolders } from '../../workspace/own-folders.ts';
import { removeTree } from '../../workspace/replace.ts';
import { placeOf } from '../../workspace/workspace.ts';
import { orDiskProblem } from '../disk-problem.ts';
import type { Opened } from '../open-rows.ts';
import { invalid } from '../planning/invalid.ts';
import { sharedCacheFault } from '../shared-cache/shared-cache.ts';

/** Does something that only one process may do at a time. */
export async function locked<T>(
  opened: Opened,
  waitSeconds: number,
  signal: AbortSignal,
  act: () => Promise<Result<T, Problem>>,
): Promise<Result<T, Problem>> {
  const lock = await takeLock(opened.store, waitSeconds, signal, opened.lockFolder);
  if (!lock.ok) return lock;
  try {
    return await orDiskProblem(async () => {
      const linked = linkedFolders(opened.workspace);
      const shared = sharedCacheFault(opened.workspace, opened.store);
      const faults = [...linked, ...(shared === undefined ? [] : [shared])];
      if (faults.length > 0) return invalid(faults);
      if (wasKilled(opened.store)) await removePartialFiles(opened);
      await closeKilledRun({ ...opened, executor: opened.executors.local });
      return act();
    });
  } finally {
    opened.stats.flush();
    lock.value.release();
  }
}

/** Runs before the killed run is marked as reaped: if we are killed here, the next run finds them again. */
async function removePartialFiles({ workspace, store }: Opened): Promise<void> {
  const folders = new Set(allPlacements(store).map(({ path }) => dirname(path)));
  for (const path of partialFiles(workspace, folders)) await removeTree(workspace, placeOf(workspace, path));
}
