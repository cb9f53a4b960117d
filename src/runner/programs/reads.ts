import type { FileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { ProgramDigest } from '../manifest/manifest.ts';
import type { IgnoreRules } from '../workspace/ignore/ignore-rules.ts';
import type { Found, ReadingRules } from '../workspace/read-content.ts';
import type { Stamp } from '../workspace/stamp.ts';

export type ContentReader = (
  path: string,
  rules: ReadingRules,
) => Promise<Result<Found | undefined, FileProblem>>;

/** Reads of one state: repeated requests are read once. */
export interface Reads {
  readonly read: ContentReader;
  /** Where the program of a name is, and which files patterns name: found once. */
  readonly executable: (name: string, find: () => string | undefined) => string | undefined;
  /** The stamp of a path with links resolved, taken once; a missing path has a stamp of its own. */
  readonly stamp: (path: string) => Stamp;
  /** Which files of folders do not count. */
  readonly ignoring: () => IgnoreRules;
  readonly code: (patterns: string, find: () => readonly string[]) => readonly string[];
}

/** The program of an instance, by content. */
export interface ReadProgram {
  readonly digest: ProgramDigest;
  /** Whether it has an engine, or loads packages by name: it computes with the machine's own code. */
  readonly native: boolean;
  /** Of every file that runs: to see later whether one was touched. */
  readonly stamps: ReadonlyMap<string, Stamp>;
}
