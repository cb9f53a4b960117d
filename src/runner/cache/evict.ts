import type { Digest } from '../../files/digest.ts';
import type { Key } from '../identity.ts';
import { droppedOuts, keptOuts } from '../manifest/decide.ts';
import type { Content } from '../manifest/manifest.ts';
import { allEntries, deleteEntry, recordDropped } from '../store/entries.ts';
import { removeTree } from '../workspace/replace.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import type { Cache } from './cache.ts';
import { objectPath, objectSize } from './objects.ts';
import { readListing } from './restore-out.ts';

/**
 * Removes a result from the cache. The row is deleted before the objects: no row ever names a missing object.
 */
export async function evict({ workspace, store }: Cache, key: Key, damaged?: Digest): Promise<void> {
  deleteEntry(store, key);
  if (damaged !== undefined) await removeTree(workspace, placeOf(workspace, objectPath(damaged)));
}

/**
 * Drops the bytes of outs of results; their digests remain. The rows are updated before an object is deleted,
 * and an object that anything else needs stays. Returns the number of freed bytes.
 */
export async function dropOuts(
  { workspace, store }: Pick<Cache, 'workspace' | 'store'>,
  drops: ReadonlyMap<Key, readonly string[]>,
): Promise<number> {
  for (const [key, names] of drops) recordDropped(store, key, names);
  const entries = allEntries(store).map(({ entry }) => entry);
  const unneeded = new Set<Digest>();
  for (const entry of entries)
    if (drops.has(entry.key))
      for (const content of Object.values(droppedOuts(entry)))
        for (const object of await contentObjects(workspace, content)) unneeded.add(object);
  for (const content of entries.flatMap((entry) => Object.values(keptOuts(entry))))
    for (const object of await contentObjects(workspace, content)) unneeded.delete(object);
  let bytes = 0;
  for (const object of unneeded) {
    bytes += objectSize(workspace, object);
    await removeTree(workspace, placeOf(workspace, objectPath(object)));
    workspace.stats.forget(objectPath(object));
  }
  return bytes;
}

/** The objects of a content: of a folder, its listing and its files. */
export async function contentObjects(
  workspace: Workspace,
  { form, digest }: Content,
): Promise<readonly Digest[]> {
  const items = form === 'folder' ? ((await readListing(workspace, digest)) ?? []) : [];
  return [digest, ...items.flatMap((item) => (item.kind === 'file' ? [item.digest] : []))];
}
