import type { BigIntStats } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Digest } from '../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import type { Result } from '../../result.ts';
import type { Content } from '../manifest/manifest.ts';
import { type TreeItem, treeDigest } from '../manifest/tree.ts';
import { isSettled, type Stamp, stampOf } from './stamp.ts';
import { placeOf, type Workspace } from './workspace.ts';

/** What stands at a path. */
export interface Found {
  readonly content: Content;
  /** What a folder holds; a file holds nothing. */
  readonly items: readonly TreeItem[];
  /** Of everything that was looked at: files, folders, links, and what links lead to. Equal stamps later: nothing was touched. */
  readonly stamps: ReadonlyMap<string, Stamp>;
  readonly files: number;
  readonly bytes: number;
  /** Links that lead out of the folder, from the project root: with `links: 'keep'` their content is not in the digest. */
  readonly leaving: readonly string[];
}

/**
 * What to do with a symbolic link that leads out of what is read. `follow`: its content counts, since a stage that reads
 * the path reads it (deps). `keep`: it is a link like those that stay inside (outs, which are restored as they were).
 */
export type Links = 'follow' | 'keep';

/** The content of a file or a folder, by the stat cache where that can be trusted; undefined: nothing is there. */
export async function readContent(workspace: Workspace, path: string, links: Links): Promise<Result<Found | undefined, FileProblem>> {
  try {
    return { ok: true, value: await new Reading(workspace, path, links).content() };
  } catch (error) {
    return error instanceof Unreadable ? { ok: false, error: error.problem } : { ok: false, error: fileProblem(path, error) };
  }
}

/** The digest of one file, by the stat cache where that can be trusted; undefined: there is no such file. */
export async function readFileDigest(workspace: Workspace, path: string): Promise<Result<Digest | undefined, FileProblem>> {
  try {
    const stats = workspace.disk.lookThrough(placeOf(workspace, path));
    return { ok: true, value: stats?.isFile() === true ? (await settledDigest(workspace, path, stats)).digest : undefined };
  } catch (error) {
    return error instanceof Unreadable ? { ok: false, error: error.problem } : { ok: false, error: fileProblem(path, error) };
  }
}

class Unreadable extends Error {
  readonly problem: FileProblem;
  constructor(path: string, message: string) {
    super(message);
    this.problem = { path, message };
  }
}

/** One walk: what it has seen so far. */
class Reading {
  readonly #workspace: Workspace;
  readonly #path: string;
  readonly #links: Links;
  readonly #items: TreeItem[] = [];
  readonly #stamps = new Map<string, Stamp>();
  readonly #leaving: string[] = [];
  #files = 0;
  #bytes = 0;

  constructor(workspace: Workspace, path: string, links: Links) {
    this.#workspace = workspace;
    this.#path = path;
    this.#links = links;
  }

  async content(): Promise<Found | undefined> {
    const found = await this.#root();
    return found && { content: found, items: this.#items, stamps: this.#stamps, files: this.#files, bytes: this.#bytes, leaving: this.#leaving };
  }

  async #root(): Promise<Content | undefined> {
    const { disk } = this.#workspace;
    const place = placeOf(this.#workspace, this.#path);
    let stats = disk.look(place);
    if (stats?.isSymbolicLink() === true) {
      if (this.#links === 'keep') throw new Unreadable(this.#path, 'is a symbolic link where a file or a folder was expected');
      this.#stamps.set(this.#path, stampOf(stats));
      stats = disk.lookThrough(place);
    }
    if (stats === undefined) return undefined;
    if (stats.isDirectory()) {
      await this.#folder(this.#path, '', stats, [disk.realPath(place)]);
      return { form: 'folder', digest: treeDigest(this.#items) };
    }
    const { digest, executable } = await this.#file(this.#path, stats);
    return { form: executable ? 'executable' : 'file', digest };
  }

  /** `path`: of the folder; `inside`: the same, from where the reading began; `real`: the folders that are open, to find a circle of links. */
  async #folder(path: string, inside: string, stats: BigIntStats, real: readonly string[]): Promise<void> {
    const { disk } = this.#workspace;
    this.#stamps.set(path === this.#path ? path : `${path}/`, stampOf(stats));
    const names = disk.list(placeOf(this.#workspace, path));
    if (names.length === 0 && inside !== '') this.#items.push({ kind: 'empty-folder', path: inside });
    for (const name of names) await this.#member(`${path}/${name}`, inside === '' ? name : `${inside}/${name}`, real);
  }

  async #member(path: string, inside: string, real: readonly string[]): Promise<void> {
    const { disk } = this.#workspace;
    const place = placeOf(this.#workspace, path);
    const stats = disk.look(place);
    if (stats === undefined) throw new Unreadable(path, 'went away while its folder was read');
    if (stats.isDirectory()) return this.#folder(path, inside, stats, real);
    if (stats.isSymbolicLink()) return this.#link(path, inside, stats, real);
    const { digest, executable } = await this.#file(path, stats);
    this.#items.push({ kind: 'file', path: inside, executable, digest });
  }

  async #link(path: string, inside: string, stats: BigIntStats, real: readonly string[]): Promise<void> {
    const { disk } = this.#workspace;
    const place = placeOf(this.#workspace, path);
    this.#stamps.set(path, stampOf(stats));
    const target = disk.readLink(place);
    const beyond = this.#beyond(place, target);
    if (beyond !== undefined) this.#leaving.push(path);
    if (beyond === undefined || this.#links === 'keep') {
      this.#items.push({ kind: 'symlink', path: inside, target });
      return;
    }
    const stood = disk.lookThrough(place);
    if (stood === undefined) {
      this.#items.push({ kind: 'symlink', path: inside, target });
    } else if (stood.isDirectory()) {
      const folder = disk.realPath(place);
      if (real.some((open) => open === folder || open.startsWith(folder + sep))) throw new Unreadable(path, `is a symbolic link to a folder that holds it (${target})`);
      await this.#folder(path, inside, stood, [...real, folder]);
    } else {
      const { digest, executable } = await this.#file(path, stood);
      this.#items.push({ kind: 'file', path: inside, executable, digest });
    }
  }

  /** Where a link leads that leads out of what is read; undefined: it stays inside. One that leads nowhere is judged by its text. */
  #beyond(place: string, target: string): string | undefined {
    const { disk } = this.#workspace;
    const top = disk.realPath(placeOf(this.#workspace, this.#path));
    const reached = disk.lookThrough(place) === undefined ? join(disk.realPath(dirname(place)), target) : disk.realPath(place);
    const way = target.startsWith('/') ? '..' : relative(top, reached);
    return way === '..' || way.startsWith(`..${sep}`) ? reached : undefined;
  }

  async #file(path: string, stats: BigIntStats): Promise<{ readonly digest: Digest; readonly executable: boolean }> {
    if (!stats.isFile()) throw new Unreadable(path, 'is neither a file, a folder nor a symbolic link');
    const { digest, stamp, size } = await settledDigest(this.#workspace, path, stats);
    this.#stamps.set(path, stamp);
    this.#files += 1;
    this.#bytes += size;
    return { digest, executable: (stats.mode & 0o100n) !== 0n };
  }
}

/** Reads a file until its stamp is the same before and after. */
async function settledDigest(workspace: Workspace, path: string, first: BigIntStats): Promise<{ readonly digest: Digest; readonly stamp: Stamp; readonly size: number }> {
  const place = placeOf(workspace, path);
  let stats = first;
  for (let attempt = 0; attempt < 5; attempt++) {
    const stamp = stampOf(stats);
    const known = workspace.stats.find(path);
    if (known?.stamp === stamp) return { digest: known.digest, stamp, size: Number(stats.size) };
    const settled = isSettled(stats, workspace.now());
    const digest = await workspace.disk.digest(place);
    const after = workspace.disk.lookThrough(place);
    if (after === undefined) throw new Unreadable(path, 'went away while it was read');
    if (stampOf(after) === stamp) {
      if (settled) workspace.stats.record(path, stamp, digest);
      return { digest, stamp, size: Number(after.size) };
    }
    stats = after;
  }
  throw new Unreadable(path, 'is being written: it changed each time it was read');
}
