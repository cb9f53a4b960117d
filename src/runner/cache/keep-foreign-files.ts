import { dirname, posix } from 'node:path';
import { type Content, sameContent } from '../manifest/manifest.ts';
import type { TreeItem } from '../manifest/tree.ts';
import { isUnwritten, placementAt } from '../store/placements.ts';
import type { Store } from '../store/database/open-store.ts';
import { readContent } from '../workspace/read-content.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { readListing } from './restore-out.ts';

/** What remains at the path of an out. */
export interface KeptFiles {
  /** The content before; undefined: not a readable folder. */
  readonly existing: readonly TreeItem[] | undefined;
  /** The path that what no run wrote was moved to, from the project root; undefined: there was none. */
  readonly keptIn: string | undefined;
}

/** Nothing was moved, and there is no readable folder. */
export const nothingKept: KeptFiles = { existing: undefined, keptIn: undefined };

/** The future content of an out; undefined: its path is to be empty. */
interface NextOut {
  readonly content: Content;
  /** The items of a folder; none for a file. */
  readonly items: readonly TreeItem[];
}

/**
 * Moves files that no run wrote away from the path of an out that is about to be replaced or repaired, to a
 * path beside it. A file in a folder is the runner's if the last result placed there or the next one has its
 * name or its bytes, a file or a link at the path itself if a result was placed there: edits are replaced.
 */
export async function keepForeignFiles(
  { workspace, store }: { readonly workspace: Workspace; readonly store: Store },
  path: string,
  next: NextOut | undefined,
): Promise<KeptFiles> {
  const { disk } = workspace;
  const stats = disk.lstat(placeOf(workspace, path));
  if (stats === undefined) return nothingKept;
  const placed = placementAt(store, path);
  // While a program writes there itself, all of it is the program's.
  if (placed !== undefined && isUnwritten(placed)) return nothingKept;
  // An edit, or a replacement, of what the runner put there.
  if (!stats.isDirectory() && placed !== undefined) return nothingKept;
  const found = await readContent(workspace, path, { links: 'keep' });
  const isNext = found.ok && found.value?.content.digest === next?.content.digest;
  if (stats.isFile() && isNext) return nothingKept;
  if (!stats.isDirectory() || !found.ok || found.value === undefined) {
    // A file or a link of somebody else, or unreadable: its value to the user is unknown, so it is kept.
    const kept = keptPath(workspace, path);
    await disk.rename(placeOf(workspace, path), placeOf(workspace, kept));
    return { existing: undefined, keptIn: kept };
  }
  const { content, items } = found.value;
  if (placed !== undefined && sameContent(placed.content, content))
    return { existing: items, keptIn: undefined };
  const listing = placed && (await readListing(workspace, placed.content.digest));
  const foreign = foreignItems(items, [...(listing ?? []), ...(next?.items ?? [])]);
  if (foreign.length === 0) return { existing: items, keptIn: undefined };
  const kept = keptPath(workspace, path);
  for (const item of foreign) {
    const to = placeOf(workspace, `${kept}/${item.path}`);
    disk.makeFolder(dirname(to));
    await disk.rename(placeOf(workspace, `${path}/${item.path}`), to);
  }
  return { existing: items, keptIn: kept };
}

/** Items whose name and bytes are both in no result. */
function foreignItems(existing: readonly TreeItem[], listing: readonly TreeItem[]): readonly TreeItem[] {
  const paths = new Set(listing.map((item) => item.path));
  const contents = new Set(listing.map((item) => (item.kind === 'file' ? item.digest : undefined)));
  return existing.filter(
    (item) =>
      item.kind !== 'empty-folder' &&
      !paths.has(item.path) &&
      !(item.kind === 'file' && contents.has(item.digest)),
  );
}

/** A name beside the out that nothing has. */
function keptPath(workspace: Workspace, path: string): string {
  const name = `${posix.basename(path)}.kept`;
  for (let count = 1; ; count++) {
    const kept = posix.join(posix.dirname(path), count === 1 ? name : `${name}-${count}`);
    if (workspace.disk.lstat(placeOf(workspace, kept)) === undefined) return kept;
  }
}
