import type { Result } from '../../result.ts';
import type { Instance } from '../plan/instance.ts';
import type { Stamp } from '../workspace/stamp.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { readCommand } from './command-program.ts';
import type { ReadProgram, Reads } from './reads.ts';
import type { StageProgramFacts } from './stage-programs.ts';

export interface ProgramSourcesOfRun {
  readonly workspace: Workspace;
  readonly programs: ReadonlyMap<string, StageProgramFacts>;
  readonly stageChild: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Reads what an instance runs, as it is at this moment; the error says why it cannot run. */
export async function readProgram(
  instance: Instance,
  { workspace, programs, stageChild, environment }: ProgramSourcesOfRun,
  reads: Reads,
): Promise<Result<ReadProgram>> {
  const { program } = instance;
  if (program.kind !== 'uses') return readCommand(workspace, program, environment['PATH'], reads);
  const facts = programs.get(program.path);
  if (facts === undefined) return { ok: false, error: `${program.path} cannot be bundled` };
  const stamps = new Map<string, Stamp>();
  if (facts.isKept) {
    const bundle = await reads.read(facts.file, { links: 'follow' });
    if (!bundle.ok || bundle.value?.content.digest !== facts.bundle)
      return { ok: false, error: `${facts.file} was changed or removed during the run: run again` };
    for (const [path, stamp] of bundle.value.stamps) stamps.set(path, stamp);
  }
  for (const path of [stageChild, ...facts.sources]) stamps.set(path, reads.stamp(path));
  return {
    ok: true,
    value: {
      digest: { kind: 'uses', bundle: facts.identity, packages: facts.packages },
      native: facts.description.packages.length > 0,
      stamps,
    },
  };
}
