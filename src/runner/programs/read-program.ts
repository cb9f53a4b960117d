import type { Result } from '../../result.ts';
import type { EngineDigest } from '../manifest/manifest.ts';
import type { Instance } from '../plan/instance.ts';
import type { Stamp } from '../workspace/stamp.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { readCommand } from './command-program.ts';
import { type EngineFacts, engineOf, installedFacts } from './engine.ts';
import type { ReadProgram, Reads } from './reads.ts';
import type { StageProgramFacts } from './stage-programs.ts';

export interface ProgramSourcesOfRun {
  readonly workspace: Workspace;
  readonly programs: ReadonlyMap<string, StageProgramFacts>;
  readonly stageChild: string;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Reads the current program of an instance; the error is why it cannot run. `recorded`: the value of an
 * installed engine to use instead of the one installed here, for a result that another machine made.
 */
export async function readProgram(
  instance: Instance,
  { workspace, programs, stageChild, environment }: ProgramSourcesOfRun,
  reads: Reads,
  recorded?: string,
): Promise<Result<ReadProgram>> {
  const { program } = instance;
  if (program.kind !== 'uses') return readCommand(workspace, program, environment['PATH'], reads);
  const facts = programs.get(program.path);
  if (facts === undefined) return { ok: false, error: `${program.path} cannot be bundled` };
  const stamps = new Map<string, Stamp>();
  if (facts.isKept) {
    const unchanged = await readBundle(facts, reads, stamps);
    if (!unchanged.ok) return unchanged;
  }
  const engine = engineOf(facts, instance.params);
  if (engine?.facts.ok === false)
    return { ok: false, error: `its engine "${engine.name}" cannot be bundled` };
  if (engine !== undefined && facts.isKept) {
    const unchanged = await readBundle(engine.facts.value, reads, stamps);
    if (!unchanged.ok) return unchanged;
  }
  const installed =
    engine === undefined || recorded !== undefined
      ? undefined
      : installedFacts(facts.description, engine.name, environment);
  if (installed?.ok === false) return installed;
  if (installed?.value !== undefined) stamps.set(installed.value.record, reads.stamp(installed.value.record));
  for (const path of [stageChild, ...facts.sources, ...(engine?.facts.value.sources ?? [])])
    stamps.set(path, reads.stamp(path));
  return {
    ok: true,
    value: {
      digest: {
        kind: 'uses',
        bundle: facts.identity,
        packages: facts.packages,
        ...(engine === undefined
          ? {}
          : {
              engines: {
                [engine.name]: engineDigest(engine.facts.value, recorded ?? installed?.value?.identity),
              },
            }),
      },
      native: facts.description.packages.length > 0 || engine !== undefined,
      stamps,
    },
  };
}

const engineDigest = ({ bundle, packages }: EngineFacts, installed: string | undefined): EngineDigest => ({
  bundle,
  packages,
  ...(installed === undefined ? {} : { installed }),
});

/** Takes the stamps of a bundle whose inputs have not changed. */
async function readBundle(
  { file, bundle }: Pick<EngineFacts, 'file' | 'bundle'>,
  { read }: Pick<Reads, 'read'>,
  stamps: Map<string, Stamp>,
): Promise<Result<void>> {
  const found = await read(file, { links: 'follow' });
  if (!found.ok || found.value?.content.digest !== bundle)
    return { ok: false, error: `${file} was changed or removed during the run: run again` };
  for (const [path, stamp] of found.value.stamps) stamps.set(path, stamp);
  return { ok: true, value: undefined };
}
