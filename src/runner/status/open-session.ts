import type { Result } from '../../result.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Instance, Plan } from '../plan/instance.ts';
import type { Store } from '../store/open-store.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Session } from './assess.ts';
import { byId, preflight, programPaths, readyPrograms } from './preflight.ts';
import { machineCapacity } from '../schedule/resources.ts';
import { stagePrograms } from '../programs/stage-programs.ts';
import type { HelperPrograms } from '../executors/supervisor-client.ts';

export interface SessionSources {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly helpers: HelperPrograms;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * A plan with its programs at hand. `checked`: the instances that must be able to run; what is wrong with one of them is
 * an error. `looked`: those that are only looked at: one of them whose program cannot be had is no error.
 */
export async function openSession(
  { workspace, store, helpers, environment }: SessionSources,
  plan: Plan,
  checked: readonly Instance[],
  looked: readonly Instance[],
): Promise<Result<Session, readonly Diagnostic[]>> {
  const programs = await stagePrograms(
    { workspace, store, stageChild: helpers.stageChild },
    programPaths([...checked, ...looked]),
  );
  const faults = await preflight(workspace, store, plan, checked, programs, {
    capacity: machineCapacity(undefined),
    path: environment['PATH'],
  });
  if (faults.length > 0) return { ok: false, error: faults };
  return {
    ok: true,
    value: {
      workspace,
      store,
      plan,
      instances: byId(plan.instances),
      programs: readyPrograms(programs),
      stageChild: helpers.stageChild,
      environment,
    },
  };
}
