import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Ignored } from '../manifest/tree.ts';
import { fixedPart, isGlob, matchesPart, unescapedPath, wildPart } from '../pipeline-file/glob.ts';
import type { IgnoreRules } from './ignore/ignore-rules.ts';
import { folderStamp, type Stamp, stampOrNone } from './stamp.ts';
import { placeOf, type ProjectFiles } from './workspace.ts';

export interface GlobFiles {
  /** From the project root or absolute, as the pattern is; sorted. */
  readonly files: readonly string[];
  /** The stamps of the listed folders: they change when a matching name appears or disappears. */
  readonly stamps: ReadonlyMap<string, Stamp>;
  /** What matches and does not count. */
  readonly ignored: readonly Ignored[];
}

/**
 * The files that a pattern means. "*" and "?" stay within a name, "**" matches any folders, none included,
 * and at the end for all files below. A name that starts with "." is matched only by a part that does.
 * Folders do not match; "**" enters no folder by a symbolic link. Links to nothing are among the files: to
 * read one is an error.
 */
export function globFiles(
  workspace: ProjectFiles,
  pattern: string,
  ignoring: IgnoreRules | undefined,
): Result<GlobFiles, FileProblem> {
  try {
    return { ok: true, value: new Search(workspace, pattern, ignoring).found() };
  } catch (error) {
    return { ok: false, error: fileProblem(fixedPart(pattern) || '.', error) };
  }
}

class Search {
  readonly #workspace: ProjectFiles;
  readonly #base: string;
  readonly #rest: readonly string[];
  readonly #root: '/' | '.';
  readonly #ignoring: IgnoreRules | undefined;
  readonly #files = new Set<string>();
  /** The names that the pattern means, by folder. */
  readonly #names = new Map<string, Set<string>>();
  readonly #ignored = new Map<string, Ignored>();
  readonly #visited = new Set<string>();

  constructor(workspace: ProjectFiles, pattern: string, ignoring: IgnoreRules | undefined) {
    this.#workspace = workspace;
    this.#root = pattern.startsWith('/') ? '/' : '.';
    this.#base = fixedPart(pattern);
    this.#rest = wildPart(pattern)
      .split('/')
      .filter((part) => part !== '');
    this.#ignoring = ignoring;
  }

  found(): GlobFiles {
    this.#visit(this.#base, this.#rest);
    const stamps = new Map<string, Stamp>();
    for (const [folder, names] of this.#names) {
      const stats = this.#workspace.disk.stat(this.#placeOf(folder));
      const isFolder = stats?.isDirectory() === true;
      stamps.set(
        folder === '' ? this.#root : folder,
        isFolder ? folderStamp(stats, [...names].sort()) : stampOrNone(stats),
      );
    }
    return { files: [...this.#files].sort(), stamps, ignored: [...this.#ignored.values()] };
  }

  #visit(folder: string, parts: readonly string[]): void {
    const [part, ...rest] = parts;
    const visit = `${folder}\0${parts.join('/')}`;
    if (part === undefined || this.#visited.has(visit)) return;
    this.#visited.add(visit);
    if (!isGlob(part)) return this.#follow(folder, unescapedPath(part), rest);
    if (part === '**' && rest.length > 0) this.#visit(folder, rest);
    for (const name of this.#list(folder)) {
      const isHidden = name.startsWith('.') && !part.startsWith('.');
      if (isHidden || (part !== '**' && !matchesPart(part, name))) continue;
      if (this.#isOutOfReach(folder, name)) continue;
      if (part === '**') this.#below(folder, name, rest);
      else this.#follow(folder, name, rest);
    }
  }

  /** "**": every folder in turn, and where nothing follows it, every file. */
  #below(folder: string, name: string, rest: readonly string[]): void {
    const path = this.#joined(folder, name);
    if (this.#workspace.disk.lstat(this.#placeOf(path))?.isDirectory() === true) {
      this.#note(folder, name);
      this.#visit(path, ['**', ...rest]);
    } else if (rest.length === 0) this.#follow(folder, name, rest);
  }

  #follow(folder: string, name: string, rest: readonly string[]): void {
    const path = this.#joined(folder, name);
    const place = this.#placeOf(path);
    const isFolder = this.#workspace.disk.stat(place)?.isDirectory() === true;
    const isWanted = isFolder ? rest.length > 0 : rest.length === 0;
    if (!isWanted || this.#workspace.disk.lstat(place) === undefined) return;
    this.#note(folder, name);
    if (isFolder) this.#visit(path, rest);
    else this.#files.add(path);
  }

  #note(folder: string, name: string): void {
    this.#names.get(folder)?.add(name);
  }

  #list(folder: string): readonly string[] {
    const place = this.#placeOf(folder);
    if (!this.#names.has(folder)) this.#names.set(folder, new Set());
    return this.#workspace.disk.stat(place)?.isDirectory() === true ? this.#workspace.disk.list(place) : [];
  }

  /** Results, the cache, what other tools keep, and what does not count. */
  #isOutOfReach(folder: string, name: string): boolean {
    const path = this.#joined(folder, name);
    if (name === 'node_modules' || name === '.git' || path === 'artifacts' || path === 'cache') return true;
    if (this.#ignoring === undefined) return false;
    const isFolder = this.#workspace.disk.lstat(this.#placeOf(path))?.isDirectory() === true;
    const found = this.#ignoring.ignored(
      this.#base === '' ? this.#root : this.#base,
      path.slice(this.#base.length).replace(/^\//, ''),
      isFolder,
    );
    if (found !== undefined) this.#ignored.set(path, found);
    return found !== undefined;
  }

  #joined(folder: string, name: string): string {
    return folder === '' && this.#root === '.' ? name : `${folder}/${name}`;
  }

  #placeOf(path: string): string {
    return placeOf(this.#workspace, path === '' ? this.#root : path);
  }
}
