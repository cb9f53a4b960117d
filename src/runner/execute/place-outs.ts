import { dirname } from 'node:path';
import type { Content } from '../manifest/manifest.ts';
import type { Instance } from '../plan/instance.ts';
import { forgetPlacement, placementAt, placementsOf, recordPlacement } from '../store/placements.ts';
import type { Store } from '../store/open-store.ts';
import { type Found, readContent } from '../workspace/read-content.ts';
import { removeTree, replace } from '../workspace/replace.ts';
import { noteWritten } from '../workspace/written.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { sameContent } from './assess.ts';

interface Places {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly pipeline: string;
}

/** Renames an out that an attempt wrote into its place. What stands there with the same content stays: readers need not read it again. */
export async function placeOut({ workspace, store, pipeline }: Places, instance: Instance, from: string, to: string, written: Found): Promise<void> {
  const stands = await readContent(workspace, to, { links: 'keep' });
  if (from === to) noteAll(workspace, to, written);
  else if (stands.ok && stands.value !== undefined && sameContent(stands.value.content, written.content)) await removeTree(workspace, placeOf(workspace, from));
  else {
    workspace.disk.makeFolder(dirname(placeOf(workspace, to)));
    await replace(workspace, placeOf(workspace, from), placeOf(workspace, to));
    noteAll(workspace, to, written);
  }
  recordPlacement(store, pipeline, instance.id, to, written.content);
}

function noteAll(workspace: Workspace, path: string, { content, items }: Found): void {
  if (content.form !== 'folder') noteWritten(workspace, path, content.digest);
  for (const item of items) if (item.kind === 'file') noteWritten(workspace, `${path}/${item.path}`, item.digest);
}

/**
 * Removes outs that the runner once put there for this instance and that it no longer declares. One that was edited is
 * somebody's work by now: it is left, and named.
 */
export async function removeOlderOuts({ workspace, store, pipeline }: Places, instance: Instance): Promise<readonly string[]> {
  const declared = new Set(Object.values(instance.outs).map(({ path }) => path));
  const left: string[] = [];
  for (const { path, content } of placementsOf(store, pipeline, instance.id)) {
    if (declared.has(path)) continue;
    if (!await removeOwn(workspace, path, content)) left.push(path);
    forgetPlacement(store, path);
  }
  return left;
}

/** Removes what stands at a path if it is what the runner put there; false: it is not, and stays. */
export async function removeOwn(workspace: Workspace, path: string, content: Content): Promise<boolean> {
  const stands = await readContent(workspace, path, { links: 'keep' });
  if (stands.ok && stands.value === undefined) return true;
  if (!stands.ok || stands.value === undefined || !sameContent(stands.value.content, content)) return false;
  await removeTree(workspace, placeOf(workspace, path));
  return true;
}

/**
 * Clears the places outside the instance's folder that a program writes by itself, so that nothing old is taken for its
 * result. Gives the first that holds a file which the runner never put there: that is not ours to remove.
 */
export async function clearWorkspaceOuts({ workspace, store }: Places, instance: Instance): Promise<string | undefined> {
  const paths = Object.values(instance.outs).filter((out) => out.workspace).map(({ path }) => path);
  const standing = paths.filter((path) => workspace.disk.look(placeOf(workspace, path)) !== undefined);
  const foreign = standing.find((path) => placementAt(store, path) === undefined);
  if (foreign === undefined) for (const path of standing) await removeTree(workspace, placeOf(workspace, path));
  return foreign;
}
