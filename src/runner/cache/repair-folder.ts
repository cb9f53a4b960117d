import { dirname, join } from 'node:path';
import { type TreeItem, treeChanges } from '../manifest/tree.ts';
import { fileProblem } from '../../files/file-problem.ts';
import { removeTree } from '../workspace/replace.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** The changes that turn an existing folder into the one that a listing describes. */
interface Repairs {
  /** Items that are missing or differ. */
  readonly write: readonly TreeItem[];
  /** Paths to remove first: those that the listing does not have, and those that block one that it has. */
  readonly remove: readonly string[];
}

/** Undefined: nothing of the existing folder can be kept, so it is replaced as a whole. */
export function repairsOf(existing: readonly TreeItem[], listing: readonly TreeItem[]): Repairs | undefined {
  const changes = treeChanges(existing, listing);
  const toWrite = new Set(changes.filter(({ kind }) => kind !== 'removed').map(({ path }) => path));
  if (toWrite.size === listing.length) return undefined;
  const folders = foldersOf(listing);
  const kinds = new Map(listing.map(({ path, kind }) => [path, kind]));
  const differs = new Set(changes.map(({ path }) => path));
  const remove = new Set<string>();
  for (const { kind, path } of existing) {
    if (!differs.has(path)) continue;
    const next = kinds.get(path);
    // A file or a link that takes the name of another needs no room made for it.
    if (next !== undefined && next !== 'empty-folder' && kind !== 'empty-folder') continue;
    if (kind === 'empty-folder' && folders.has(path)) continue;
    remove.add(prefixes(path).find((prefix) => !folders.has(prefix)) ?? path);
  }
  return { write: listing.filter(({ path }) => toWrite.has(path)), remove: [...remove] };
}

/**
 * Moves the staged files into the folder. False: that failed, as in a read-only folder; some of them may have
 * been moved.
 */
export async function moveRepairs(
  { disk, ...workspace }: Workspace,
  { write, remove }: Repairs,
  staged: string,
  place: string,
): Promise<boolean> {
  try {
    for (const path of remove) await removeTree({ ...workspace, disk }, join(place, path));
    for (const { kind, path } of write) {
      const to = join(place, path);
      disk.makeFolder(kind === 'empty-folder' ? to : dirname(to));
      if (kind !== 'empty-folder') await disk.rename(join(staged, path), to);
    }
  } catch (error) {
    fileProblem(place, error);
    return false;
  }
  await removeTree({ ...workspace, disk }, staged);
  return true;
}

/** Every folder that a listing speaks of. */
const foldersOf = (items: readonly TreeItem[]): ReadonlySet<string> =>
  new Set(
    items.flatMap(({ kind, path }) =>
      kind === 'empty-folder' ? prefixes(path) : prefixes(path).slice(0, -1),
    ),
  );

/** A path's folders, from the top, and the path itself. */
function prefixes(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
