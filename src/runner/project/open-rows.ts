import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { guardedDisk } from '../workspace/disk/guarded-disk.ts';
import type { Result } from '../../result.ts';
import { smokeFolder } from '../plan/smoke-instance.ts';
import type { Problem } from '../answers/problem.ts';
import type { ResultSource } from '../cache/result-source.ts';
import type { Executor } from '../executors/executor.ts';
import type { Executors } from '../executors/executors.ts';
import type { HelperPrograms } from '../executors/helper-programs.ts';
import { openExecutors } from '../executors/open-executors.ts';
import { openStore, openStoreToRead, type Store, storeFileIn } from '../store/database/open-store.ts';
import { type StatRows, statRows } from '../store/remembered/stat-rows.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { WorkspaceDisk } from '../workspace/disk/workspace-disk.ts';
import type { ProjectPlace } from './find-project.ts';

/** The dependencies of a project; tests replace them. */
export interface Host {
  readonly disk: WorkspaceDisk;
  readonly helpers: HelperPrograms;
  readonly environment: NodeJS.ProcessEnv;
  readonly now: () => bigint;
  /** Where all stages run; without it, where they are placed. */
  readonly executor?: Executor | undefined;
  /** The executor that the command line names. */
  readonly executorName?: string | undefined;
  /** Of a smoke run: the folder, from the root, that has its rows and its outs. */
  readonly smoke?: string | undefined;
  /** Seconds before attempt n + 1 of an instance. */
  readonly retryDelay: (attempt: number) => number;
  /** Where runs look for results that are not on this disk, and put those that they make. */
  readonly source?: ResultSource | undefined;
}

/** A project's files and rows, open. */
export interface Opened {
  readonly place: ProjectPlace;
  readonly store: Store;
  readonly workspace: Workspace;
  readonly stats: StatRows;
  readonly executors: Executors;
  readonly host: Host;
  /** Of the lock: that of the project's rows, also for a smoke run, whose rows are elsewhere. */
  readonly lockFolder: string;
}

/** How the store is opened: commands that only read create nothing and need no write permission. */
export type Access = 'read' | 'write';

/** `folder`: of the project's rows; a smoke run has its own below it. */
export function openRows(
  place: ProjectPlace,
  folder: string,
  host: Host,
  access: Access,
): Result<Opened, Problem> {
  const file = storeFileIn(
    host.smoke === undefined ? folder : join(folder, basename(smokeFolder), basename(host.smoke)),
  );
  const store = access === 'write' ? openStore(file) : openStoreToRead(file);
  if (!store.ok) return store;
  const stats = statRows(store.value);
  const workspace: Workspace = {
    root: place.root,
    disk: guardedDisk(host.disk, place.root),
    stats,
    now: host.now,
    written: new Map(),
  };
  const executors = openExecutors(
    { workspace, store: store.value, helpers: host.helpers, environment: host.environment },
    host.executor,
  );
  return {
    ok: true,
    value: { place, store: store.value, workspace, stats, executors, host, lockFolder: folder },
  };
}

/** Whether a project was ever run. */
export const hasCache = ({ root }: ProjectPlace): boolean => existsSync(join(root, 'cache'));
