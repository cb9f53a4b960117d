import { parseDigest } from '../../files/digest.ts';
import type { Reason } from '../manifest/reason.ts';
import { type TreeItem, treeChanges } from '../manifest/tree.ts';
import { findListing } from '../store/listings.ts';
import type { Store } from '../store/open-store.ts';
import { readListing } from '../workspace/restore.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Inputs } from './read-inputs.ts';

/** Reasons with the files named that differ in folders, where what the folder held before is still known. */
export async function nameFiles({ workspace, store }: { readonly workspace: Workspace; readonly store: Store }, reasons: readonly Reason[], { listings }: Pick<Inputs, 'listings'>): Promise<readonly Reason[]> {
  return Promise.all(reasons.map(async (reason): Promise<Reason> => {
    if (reason.kind !== 'changed' || reason.field[0] !== 'deps' || reason.field[2] !== 'digest') return reason;
    const [before, after] = [parseDigest(String(reason.before)), parseDigest(String(reason.after))];
    const now = after.ok ? listings.get(after.value) : undefined;
    const old: readonly TreeItem[] | undefined = before.ok ? findListing(store, before.value) ?? await readListing(workspace, before.value) : undefined;
    return now === undefined || old === undefined ? reason : { ...reason, files: treeChanges(old, now) };
  }));
}
