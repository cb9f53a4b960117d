import { dirname } from 'node:path';
import type { Key } from '../../identity.ts';
import type { Instance } from '../../plan/instance.ts';
import { forgetPlacement } from '../../store/placements.ts';
import type { Store } from '../../store/database/open-store.ts';
import { attemptFolder } from '../../workspace/cache-layout.ts';
import { move, removeTree, replace } from '../../workspace/replace.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';

/** Where each out is written. */
export function attemptOuts(instance: Instance, key: Key): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(instance.outs).map(([name, { path, declared, workspace }]) => [
      name,
      workspace ? path : `${attemptFolder(key)}/outs/${declared}`,
    ]),
  );
}

/** An empty folder for a new attempt, with the folders that its outs lie in. */
export async function openAttempt(workspace: Workspace, instance: Instance, key: Key): Promise<void> {
  await closeAttempt(workspace, key);
  workspace.disk.makeFolder(placeOf(workspace, `${attemptFolder(key)}/outs`));
  for (const path of Object.values(attemptOuts(instance, key)))
    workspace.disk.makeFolder(dirname(placeOf(workspace, path)));
}

/** Removes the folder of an attempt with all that it holds. */
export const closeAttempt = (workspace: Workspace, key: Key): Promise<void> =>
  removeTree(workspace, placeOf(workspace, attemptFolder(key)));

/**
 * Keeps what a failed attempt wrote beside the place of its results, for the user to look at, until the next
 * failure or success.
 */
export async function keepFailed(
  { workspace, store }: { readonly workspace: Workspace; readonly store: Store },
  instance: Instance,
  key: Key,
): Promise<void> {
  const { disk } = workspace;
  const written = placeOf(workspace, `${attemptFolder(key)}/outs`);
  for (const { path, declared } of Object.values(instance.outs).filter((out) => out.workspace)) {
    const place = placeOf(workspace, path);
    if (disk.lstat(place) !== undefined) {
      disk.makeFolder(dirname(`${written}/${declared}`));
      await move(workspace, place, `${written}/${declared}`);
    }
    // Only after its removal: an unrecorded file at that path would block the next run.
    forgetPlacement(store, path);
  }
  const kept = placeOf(workspace, failedFolder(instance));
  if (disk.list(written).length > 0) {
    disk.makeFolder(dirname(kept));
    await replace(workspace, written, kept);
  } else await removeTree(workspace, kept);
  await closeAttempt(workspace, key);
}

/** Removes what the last failed attempt of an instance left. */
export const dropFailed = (workspace: Workspace, instance: Instance): Promise<void> =>
  removeTree(workspace, placeOf(workspace, failedFolder(instance)));

const failedFolder = (instance: Instance): string => `${instance.folder}.failed`;
