import type { Result } from '../../result.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { byId, type Instance, type Plan } from '../plan/instance.ts';
import type { Store } from '../store/database/open-store.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Session } from './session.ts';
import type { Programs } from './preflight/checked-plan.ts';
import { preflight } from './preflight/preflight.ts';
import { type StageProgramFacts, stagePrograms } from '../programs/stage-programs.ts';
import type { ExecutorOf } from '../executors/executors.ts';

interface SessionSources {
  readonly workspace: Workspace;
  readonly store: Store;
  /** The entry of the process that runs a stage program. */
  readonly stageChild: string;
  readonly executorOf: ExecutorOf;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * A plan with its programs loaded. `checked`: instances that must be able to run, so any fault of theirs is
 * an error. `inspected`: instances whose state is only shown; if a program of theirs cannot be loaded, that
 * is not an error.
 */
export async function openSession(
  { workspace, store, stageChild, executorOf, environment }: SessionSources,
  plan: Plan,
  checked: readonly Instance[],
  inspected: readonly Instance[],
  allowMissing = false,
): Promise<Result<Session, readonly Diagnostic[]>> {
  const programs = await stagePrograms(
    { workspace, store, stageChild },
    programPaths([...checked, ...inspected]),
  );
  const faults = await preflight({
    workspace,
    store,
    plan,
    instances: checked,
    programs,
    capacityOf: (instance) => executorOf(instance).capacity(undefined),
    environment,
    allowMissing,
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
      stageChild,
      executorOf,
      environment,
      allowMissing,
    },
  };
}

const programPaths = (instances: readonly Instance[]): readonly string[] => [
  ...new Set(instances.flatMap(({ program }) => (program.kind === 'uses' ? [program.path] : []))),
];

/** The programs that can run. */
function readyPrograms(programs: Programs): ReadonlyMap<string, StageProgramFacts> {
  return new Map(
    [...programs].flatMap(([path, program]): readonly (readonly [string, StageProgramFacts])[] =>
      program.ok ? [[path, program.value]] : [],
    ),
  );
}
