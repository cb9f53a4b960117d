import type { Cache } from '../cache/cache.ts';
import type { ExecutorOf } from '../executors/executors.ts';
import type { InstanceId } from '../identity.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import type { ProgramSourcesOfRun } from '../programs/read-program.ts';
import type { Store } from '../store/database/open-store.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What a run works with, the same from its start to its end. */
export interface Session extends ProgramSourcesOfRun, Cache {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly plan: Plan;
  readonly executorOf: ExecutorOf;
  readonly instances: ReadonlyMap<InstanceId, Instance>;
  /** Whether a dep on a path that is not here counts as it did in the last result. */
  readonly allowMissing: boolean;
}
