import { isUtf8 } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../result.ts';
import { type FileProblem, fileProblem } from './file-problem.ts';

/** One name below a folder. `path` is relative to that folder, its parts joined by "/". */
export type TreeEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly executable: boolean;
      readonly stats: BigIntStats;
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string; readonly stats: BigIntStats }
  | { readonly kind: 'folder'; readonly path: string; readonly stats: BigIntStats };

/**
 * The content of a folder, at any depth: files, folders (so that empty ones are included) and symbolic links,
 * which are not followed. The order depends on the names alone: a folder before its content, siblings by
 * UTF-16 code units. Sockets, pipes and devices, and names that are not UTF-8, are a problem: they could not
 * be restored.
 */
export async function walkTree(root: string): Promise<Result<readonly TreeEntry[], FileProblem>> {
  const entries: TreeEntry[] = [];
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const names = await namesIn(join(root, folder));
    if (!names.ok) return names;
    for (const name of names.value) {
      const entry = await entryAt(root, folder === '' ? name : `${folder}/${name}`);
      if (!entry.ok) return entry;
      entries.push(entry.value);
      if (entry.value.kind === 'folder') pending.push(entry.value.path);
    }
  }
  return { ok: true, value: inOrder(entries) };
}

async function namesIn(folder: string): Promise<Result<readonly string[], FileProblem>> {
  try {
    const names = await readdir(folder, { encoding: 'buffer' });
    const foreign = names.find((name) => !isUtf8(name));
    if (foreign !== undefined)
      return {
        ok: false,
        error: {
          path: folder,
          message:
            `holds a name that is not UTF-8 (${JSON.stringify(foreign.toString('latin1'))} in ` +
            'Latin-1): rename it',
        },
      };
    return { ok: true, value: names.map((name) => name.toString('utf8')) };
  } catch (error) {
    return { ok: false, error: fileProblem(folder, error) };
  }
}

async function entryAt(root: string, path: string): Promise<Result<TreeEntry, FileProblem>> {
  const place = join(root, path);
  try {
    const stats = await lstat(place, { bigint: true });
    if (stats.isFile())
      return { ok: true, value: { kind: 'file', path, executable: (stats.mode & 0o100n) !== 0n, stats } };
    if (stats.isDirectory()) return { ok: true, value: { kind: 'folder', path, stats } };
    if (stats.isSymbolicLink())
      return { ok: true, value: { kind: 'symlink', path, target: await readlink(place), stats } };
    return { ok: false, error: { path: place, message: 'is not a file, folder or symbolic link' } };
  } catch (error) {
    return { ok: false, error: fileProblem(place, error) };
  }
}

/**
 * NUL is in no name and sorts before every other character: so a folder's own entries follow it before its
 * next sibling.
 */
function inOrder(entries: readonly TreeEntry[]): readonly TreeEntry[] {
  const keyed = entries.map((entry) => ({ key: entry.path.replaceAll('/', '\0'), entry }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ entry }) => entry);
}
