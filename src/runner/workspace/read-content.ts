import type { BigIntStats } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Digest } from '../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Content } from '../manifest/manifest.ts';
import { type TreeItem, treeDigest } from '../manifest/tree.ts';
import type { Ignored } from '../manifest/tree.ts';
import type { IgnoreRules } from './ignore/ignore-rules.ts';
import { folderStamp, isSettled, type Stamp, stampOf } from './stamp.ts';
import { placeOf, type Workspace } from './workspace.ts';

/** The content of a path. */
export interface Found {
  readonly content: Content;
  /** The items of a folder; none for a file. */
  readonly items: readonly TreeItem[];
  /**
   * Of everything that was read: files, folders and links, and, by its real path, what links lead to.
   * Equal stamps later: nothing was touched.
   */
  readonly stamps: ReadonlyMap<string, Stamp>;
  readonly files: number;
  readonly bytes: number;
  /**
   * Links that lead out of the folder, from the project root: with `links: 'keep'` their content is not in
   * the digest.
   */
  readonly leaving: readonly string[];
  /** What does not count, by the rules that were given. */
  readonly ignored: readonly Ignored[];
}

/**
 * What to do with a symbolic link that leads out of the folder that is read. `follow`: its content counts,
 * since a stage that reads the path reads it (deps). `keep`: it is kept as a link, like those that stay
 * inside (outs, which are restored exactly).
 */
type Links = 'follow' | 'keep';

export interface ReadingRules {
  readonly links: Links;
  /** Whether a path below the folder that is read counts; what does not is not read. */
  readonly counts?: (inside: string) => boolean;
  /** Rules for files in the folder that do not count; they are named in `ignored`. */
  readonly ignoring?: IgnoreRules | undefined;
  /** The path will soon be another: the stat cache need not learn it. */
  readonly passing?: boolean;
}

/**
 * The content of a file or a folder, from the stat cache if that can be trusted; undefined: it does not
 * exist.
 */
export async function readContent(
  workspace: Workspace,
  path: string,
  rules: ReadingRules,
): Promise<Result<Found | undefined, FileProblem>> {
  try {
    return { ok: true, value: await new Reading(workspace, path, rules).content() };
  } catch (error) {
    return error instanceof Unreadable
      ? { ok: false, error: error.problem }
      : { ok: false, error: fileProblem(path, error) };
  }
}

/** The digest of one file, from the stat cache if that can be trusted; undefined: there is no such file. */
export async function readFileDigest(
  workspace: Workspace,
  path: string,
): Promise<Result<Digest | undefined, FileProblem>> {
  try {
    const stats = workspace.disk.stat(placeOf(workspace, path));
    return {
      ok: true,
      value:
        stats?.isFile() === true ? (await settledDigest(workspace, path, stats, false)).digest : undefined,
    };
  } catch (error) {
    return error instanceof Unreadable
      ? { ok: false, error: error.problem }
      : { ok: false, error: fileProblem(path, error) };
  }
}

class Unreadable extends Error {
  readonly problem: FileProblem;
  constructor(path: string, message: string) {
    super(message);
    this.problem = { path, message };
  }
}

/** The content of a path, and the path with a link as its last step resolved. */
interface Reached {
  readonly stats: BigIntStats;
  readonly known: string;
}

/**
 * A walk over many small files never waits by itself: after this time it lets others run, as those that
 * Ctrl-C calls.
 */
const turnMilliseconds = 50;

/** One walk: what it has seen so far. */
class Reading {
  readonly #workspace: Workspace;
  readonly #path: string;
  readonly #links: Links;
  readonly #counts: (inside: string) => boolean;
  readonly #passing: boolean;
  readonly #ignoring: IgnoreRules | undefined;
  readonly #items: TreeItem[] = [];
  readonly #stamps = new Map<string, Stamp>();
  readonly #leaving: string[] = [];
  readonly #ignored: Ignored[] = [];
  #files = 0;
  #bytes = 0;
  #lastTurn = performance.now();

  constructor(
    workspace: Workspace,
    path: string,
    { links, counts = () => true, passing = false, ignoring }: ReadingRules,
  ) {
    this.#workspace = workspace;
    this.#path = path;
    this.#links = links;
    this.#counts = counts;
    this.#passing = passing;
    this.#ignoring = ignoring;
  }

  async content(): Promise<Found | undefined> {
    const found = await this.#root();
    return (
      found && {
        content: found,
        items: this.#items,
        stamps: this.#stamps,
        files: this.#files,
        bytes: this.#bytes,
        leaving: this.#leaving,
        ignored: this.#ignored,
      }
    );
  }

  async #root(): Promise<Content | undefined> {
    const { disk } = this.#workspace;
    const place = placeOf(this.#workspace, this.#path);
    const stats = disk.lstat(place);
    if (stats === undefined) return undefined;
    if (stats.isSymbolicLink() && this.#links === 'keep')
      throw new Unreadable(this.#path, 'is a symbolic link where a file or a folder was expected');
    const reached = stats.isSymbolicLink() ? this.#through(this.#path, stats) : { stats, known: this.#path };
    if (reached === undefined) return undefined;
    if (reached.stats.isDirectory()) {
      await this.#folder(this.#path, '', reached, []);
      return { form: 'folder', digest: treeDigest(this.#items) };
    }
    const { digest, executable } = await this.#file(this.#path, reached);
    return { form: executable ? 'executable' : 'file', digest };
  }

  /** Records a link and returns its target; undefined if the target does not exist. */
  #through(path: string, link: BigIntStats): Reached | undefined {
    const { disk } = this.#workspace;
    const place = placeOf(this.#workspace, path);
    this.#stamps.set(path, stampOf(link));
    const stats = disk.stat(place);
    return stats && { stats, known: disk.realPath(place) };
  }

  /**
   * `path`: of the folder; `inside`: the same, from where the reading began; `real`: the folders outside that
   * links led into and that are open, to find a cycle of links.
   */
  async #folder(
    path: string,
    inside: string,
    { stats, known }: Reached,
    real: readonly string[],
  ): Promise<void> {
    const { disk } = this.#workspace;
    const all = disk.list(placeOf(this.#workspace, path));
    const names =
      this.#ignoring === undefined ? all : all.filter((name) => !this.#isIgnored(path, inside, name));
    this.#stamps.set(known, this.#ignoring === undefined ? stampOf(stats) : folderStamp(stats, names));
    if (names.length === 0 && inside !== '') this.#items.push({ kind: 'empty-folder', path: inside });
    for (const name of names) {
      if (performance.now() - this.#lastTurn > turnMilliseconds) {
        await setImmediate();
        this.#lastTurn = performance.now();
      }
      const member = inside === '' ? name : `${inside}/${name}`;
      if (this.#counts(member)) await this.#member(`${path}/${name}`, member, real);
    }
  }

  #isIgnored(folder: string, inside: string, name: string): boolean {
    const isFolder =
      this.#workspace.disk.lstat(placeOf(this.#workspace, `${folder}/${name}`))?.isDirectory() === true;
    const found = this.#ignoring?.ignored(this.#path, inside === '' ? name : `${inside}/${name}`, isFolder);
    if (found !== undefined) this.#ignored.push(found);
    return found !== undefined;
  }

  async #member(path: string, inside: string, real: readonly string[]): Promise<void> {
    const stats = this.#workspace.disk.lstat(placeOf(this.#workspace, path));
    if (stats === undefined) throw new Unreadable(path, 'disappeared while its folder was read');
    if (stats.isSymbolicLink()) await this.#link(path, inside, stats, real);
    else await this.#reached(path, inside, { stats, known: path }, real);
  }

  async #reached(path: string, inside: string, reached: Reached, real: readonly string[]): Promise<void> {
    if (reached.stats.isDirectory()) return this.#folder(path, inside, reached, real);
    const { digest, executable } = await this.#file(path, reached);
    this.#items.push({ kind: 'file', path: inside, executable, digest });
  }

  async #link(path: string, inside: string, link: BigIntStats, real: readonly string[]): Promise<void> {
    const { disk } = this.#workspace;
    const place = placeOf(this.#workspace, path);
    const target = disk.readLink(place);
    const leaves = this.#leadsOut(place, target);
    if (leaves) this.#leaving.push(path);
    const reached = this.#through(path, link);
    if (!leaves || this.#links === 'keep' || reached === undefined) {
      this.#items.push({ kind: 'symlink', path: inside, target });
      return;
    }
    if (!reached.stats.isDirectory()) return this.#reached(path, inside, reached, real);
    if (
      [disk.realPath(placeOf(this.#workspace, this.#path)), ...real].some(
        (open) => open === reached.known || open.startsWith(reached.known + sep),
      )
    )
      throw new Unreadable(path, `is a symbolic link to a folder that contains it (${target})`);
    await this.#reached(path, inside, reached, [...real, reached.known]);
  }

  /** Whether a link leads out of the folder that is read. A dangling link is judged by its text. */
  #leadsOut(place: string, target: string): boolean {
    const { disk } = this.#workspace;
    const top = disk.realPath(placeOf(this.#workspace, this.#path));
    const reached =
      disk.stat(place) === undefined ? join(disk.realPath(dirname(place)), target) : disk.realPath(place);
    const way = target.startsWith('/') ? '..' : relative(top, reached);
    return way === '..' || way.startsWith(`..${sep}`);
  }

  async #file(
    path: string,
    { stats, known }: Reached,
  ): Promise<{ readonly digest: Digest; readonly executable: boolean }> {
    if (!stats.isFile()) throw new Unreadable(path, 'is not a file, folder or symbolic link');
    const { digest, stamp, size } = await settledDigest(this.#workspace, path, stats, this.#passing);
    this.#stamps.set(known, stamp);
    this.#files += 1;
    this.#bytes += size;
    return { digest, executable: (stats.mode & 0o100n) !== 0n };
  }
}

/** Reads a file until its stamp is the same before and after. */
async function settledDigest(
  workspace: Workspace,
  path: string,
  first: BigIntStats,
  passing: boolean,
): Promise<{ readonly digest: Digest; readonly stamp: Stamp; readonly size: number }> {
  const place = placeOf(workspace, path);
  let stats = first;
  for (let attempt = 0; attempt < 5; attempt++) {
    const stamp = stampOf(stats);
    const known = workspace.stats.find(path);
    if (known?.stamp === stamp) return { digest: known.digest, stamp, size: Number(stats.size) };
    const settled = isSettled(stats, workspace.now());
    const digest = await workspace.disk.digest(place);
    const after = workspace.disk.stat(place);
    if (after === undefined) throw new Unreadable(path, 'disappeared while it was read');
    if (stampOf(after) === stamp) {
      if (settled && !passing) workspace.stats.record(path, stamp, digest);
      return { digest, stamp, size: Number(after.size) };
    }
    stats = after;
  }
  throw new Unreadable(path, 'is being written: it changed each time it was read');
}
