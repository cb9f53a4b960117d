import type { Digest } from '../../files/digest.ts';
import { objectFiles, objectPath } from '../workspace/objects.ts';
import { readContent } from '../workspace/read-content.ts';
import { readListing } from '../workspace/restore.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { allEntries } from './entries.ts';
import type { Store } from './open-store.ts';
import { allPlacements } from './placements.ts';

export interface Verified {
  readonly objects: number;
  readonly bytes: number;
  readonly faults: readonly { readonly path: string; readonly message: string }[];
}

/**
 * Reads every object and every placed out again, whatever the stat cache says, and compares them with the rows. Changes
 * nothing. `named`: the instances that pipeline files name ("pipeline instance"); undefined: not known. What nobody names
 * is restored by nobody: that it was deleted or edited is no fault.
 */
export async function verifyStore(workspace: Workspace, store: Store, named: ReadonlySet<string> | undefined): Promise<Verified> {
  const faults: { path: string; message: string }[] = [];
  const right = new Set<Digest>();
  let bytes = 0;
  for (const { path, digest, size } of objectFiles(workspace)) {
    bytes += size;
    if (await workspace.disk.digest(placeOf(workspace, path)) === digest) right.add(digest);
    else faults.push({ path, message: 'its bytes are not those it is named for: the next run computes the result again' });
  }
  for (const { entry } of allEntries(store)) {
    for (const [out, { form, digest }] of Object.entries(entry.outs)) {
      const needed = form === 'folder' ? [digest, ...(await readListing(workspace, digest) ?? []).flatMap((item) => (item.kind === 'file' ? [item.digest] : []))] : [digest];
      for (const object of needed) if (!right.has(object)) faults.push({ path: objectPath(object), message: `missing or damaged: part of the out ${out} of the result ${entry.key.slice(0, 8)}` });
    }
  }
  // Without memory: every byte is read.
  const forgetful: Workspace = { ...workspace, stats: { find: () => undefined, record: () => undefined, forget: () => undefined } };
  for (const { path, content, instance, pipeline } of allPlacements(store)) {
    if (named?.has(`${pipeline} ${instance}`) === false) continue;
    const found = await readContent(forgetful, path, { links: 'keep' });
    if (!found.ok) faults.push({ path, message: found.error.message });
    else if (found.value === undefined) faults.push({ path, message: `missing: an out of ${instance}; pipeline run restores it` });
    else if (found.value.content.digest !== content.digest || found.value.content.form !== content.form) faults.push({ path, message: `was changed since it was made by ${instance}; pipeline run restores it` });
  }
  return { objects: right.size, bytes, faults };
}
