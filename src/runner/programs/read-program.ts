import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { ProgramDigest } from '../manifest/manifest.ts';
import type { Instance } from '../plan/instance.ts';
import type { IgnoreRules } from '../workspace/ignore-rules.ts';
import type { Found, ReadingRules } from '../workspace/read-content.ts';
import type { Stamp } from '../workspace/stamp.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { readCommand } from './command-program.ts';
import type { StageProgramFacts } from './stage-programs.ts';

export type ContentReader = (
  path: string,
  rules: ReadingRules,
) => Promise<Result<Found | undefined, FileProblem>>;

/** Reads of one moment: what is asked for twice is read once. */
export interface Reads {
  readonly read: ContentReader;
  /** Where the program of a name is, and which files patterns name: found once. */
  readonly executable: (name: string, find: () => string | undefined) => string | undefined;
  /** The stamp of what a path leads to, taken once; of nothing, that of nothing. */
  readonly stamp: (path: string) => Stamp;
  /** Which files of folders do not count. */
  readonly ignoring: () => IgnoreRules;
  readonly code: (patterns: string, find: () => readonly string[]) => readonly string[];
}

/** The program of an instance, by content. */
export interface ReadProgram {
  readonly digest: ProgramDigest;
  /** Whether it loads packages by name: an engine, which computes with the machine's own code. */
  readonly native: boolean;
  /** Of every file that runs: to see later whether one was touched. */
  readonly stamps: ReadonlyMap<string, Stamp>;
}

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
      return { ok: false, error: `${facts.file} was changed or removed while the run was on: run again` };
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
