import { existsSync } from 'node:fs';
import type { Result } from '../../result.ts';
import { leftOverProcesses } from '../executors/local/end-left-overs.ts';
import { isSameProcess } from '../executors/process-identity.ts';
import {
  folderFault,
  openStoreToRead,
  storeFileIn,
  type Store,
  type StoreFault,
} from '../store/database/open-store.ts';
import { lastRuns } from '../store/runs.ts';
import { type StoreHealth, storeHealth } from '../cache/store-health.ts';
import { workspaceDisk } from '../workspace/disk/workspace-disk.ts';

export interface ProjectHealth {
  readonly store: StoreHealth;
  /** The run in progress. If the store is damaged, neither this nor the leftovers are known. */
  readonly run: { readonly pid: number; readonly since: number } | undefined;
  /** Processes of stages that outlived their run; the next run ends them. */
  readonly leftOver: readonly number[];
}

/**
 * How a project's cache and processes are, without changing them and without waiting for a run. Undefined:
 * nothing was run here yet. `folder`: of its rows.
 */
export async function projectHealth(
  root: string,
  folder: string,
): Promise<Result<ProjectHealth | undefined, StoreFault>> {
  const file = storeFileIn(folder);
  const fault = folderFault(file);
  if (fault !== undefined) return { ok: false, error: fault };
  if (!existsSync(file)) return { ok: true, value: undefined };
  const store = openStoreToRead(file);
  if (!store.ok) return store;
  try {
    const uncached = { find: () => undefined, record: () => undefined, forget: () => undefined };
    const workspace = {
      root,
      disk: workspaceDisk,
      stats: uncached,
      now: () => BigInt(Date.now()) * 1_000_000n,
      written: new Map(),
    };
    const health = await storeHealth(workspace, store.value);
    if (health.damage !== undefined)
      return { ok: true, value: { store: health, run: undefined, leftOver: [] } };
    const run = runThatIsOn(store.value);
    return {
      ok: true,
      value: {
        store: health,
        run,
        leftOver: run === undefined ? leftOverProcesses(workspace, store.value) : [],
      },
    };
  } finally {
    store.value.close();
  }
}

function runThatIsOn(store: Store): ProjectHealth['run'] {
  const on = lastRuns(store, 10).find(
    ({ finishedAt, pid, pidStarted }) =>
      finishedAt === undefined && isSameProcess({ pid, started: pidStarted }),
  );
  return on && { pid: on.pid, since: on.startedAt };
}
