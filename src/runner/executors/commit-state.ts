import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommitState } from '../answers/runs.ts';

/** A running query for the commit of the repository that a folder is in. */
interface CommitQuery {
  /** Undefined: the folder is in no repository, git failed, or the call was aborted first. */
  readonly state: Promise<CommitState | undefined>;
  stop(): void;
}

/**
 * Queries git for the commit that is checked out, and whether the files still match it. Nothing in the
 * repository is written or executed: the index is not locked, and no configured file monitor is started.
 */
export function queryCommit(folder: string): CommitQuery {
  if (!isInRepository(folder)) return { state: Promise.resolve(undefined), stop: () => undefined };
  const child = spawn('git', ['-c', 'core.fsmonitor=false', 'status', '--porcelain=v2', '--branch'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
  });
  let text = '';
  const state = new Promise<CommitState | undefined>((resolve) => {
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => resolve(code === 0 || isDirty(text) ? commitStateIn(text) : undefined));
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      // One change is enough, and there may be a million.
      if (isDirty(text)) child.kill();
    });
  });
  return { state, stop: () => void child.kill() };
}

const isInRepository = (folder: string): boolean =>
  existsSync(join(folder, '.git')) || (dirname(folder) !== folder && isInRepository(dirname(folder)));

/** Whole lines after those of the head. */
const isDirty = (text: string): boolean => /^[^#].*\n/m.test(text);

/** Parses `git status --porcelain=v2 --branch`; undefined if there is no commit yet. */
export function commitStateIn(text: string): CommitState | undefined {
  const commit = /^# branch\.oid ([0-9a-f]{40,64})$/m.exec(text)?.[1];
  const branch = /^# branch\.head (.+)$/m.exec(text)?.[1];
  return commit === undefined
    ? undefined
    : { commit, branch: branch === '(detached)' ? undefined : branch, isDirty: isDirty(text) };
}

/** A file as a commit has it, named from the folder; undefined: the commit has none. */
export const fileAtCommit = (folder: string, commit: string, file: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(
      'git',
      ['show', '--end-of-options', `${commit}:./${file}`],
      { cwd: folder, maxBuffer: Number.MAX_SAFE_INTEGER },
      (error, output) => resolve(error === null ? output : undefined),
    );
  });

/** The commit of a revision, such as `HEAD~2` or `v1.0`; undefined: git does not know the name. */
export const commitNamed = (folder: string, revision: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(
      'git',
      ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
      { cwd: folder },
      (error, output) => resolve(error === null ? output.trim() : undefined),
    );
  });
