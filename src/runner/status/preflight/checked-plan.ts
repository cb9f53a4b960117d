import type { Result } from '../../../result.ts';
import type { Capacity } from '../../executors/executor.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import type { BundleFault } from '../../programs/bundle/bundle.ts';
import type { StageProgramFacts } from '../../programs/stage-programs.ts';
import type { Store } from '../../store/database/open-store.ts';
import type { Workspace } from '../../workspace/workspace.ts';

/** Instances of a plan that are to run, with all that is checked before. */
export interface CheckedPlan {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly plan: Plan;
  readonly instances: readonly Instance[];
  readonly programs: Programs;
  /** The capacity of the machine that an instance runs on. */
  readonly capacityOf: (instance: Instance) => Capacity;
  /** Locates programs and engines. */
  readonly environment: NodeJS.ProcessEnv;
  /** Whether a dep that is not here may count as it did in the last result. */
  readonly allowMissing: boolean;
}

/** Stage programs by path: ready, or why they cannot be loaded. */
export type Programs = ReadonlyMap<string, Result<StageProgramFacts, readonly BundleFault[]>>;

/** The program of an instance, if that is a stage program which is ready. */
export function readyProgram(programs: Programs, { program }: Instance): StageProgramFacts | undefined {
  const found = program.kind === 'uses' ? programs.get(program.path) : undefined;
  return found?.ok === true ? found.value : undefined;
}
