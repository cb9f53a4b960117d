import { dirname } from 'node:path';
import { type Content, sameContent } from '../../manifest/manifest.ts';
import type { Key } from '../../identity.ts';
import type { Instance, Plan } from '../../plan/instance.ts';
import {
  forgetPlacement,
  placementAt,
  placementsOf,
  recordPlacement,
  unwritten,
} from '../../store/placements.ts';
import type { Store } from '../../store/database/open-store.ts';
import { type Found, readContent } from '../../workspace/read-content.ts';
import { linkFinder } from '../../workspace/link-finder.ts';
import { isRenamed, stampOf } from '../../workspace/stamp.ts';
import { removeTree, replace } from '../../workspace/replace.ts';
import { noteWritten } from '../../workspace/written.ts';
import { placeOf, type Workspace } from '../../workspace/workspace.ts';
import { existingOutHelp } from '../../wording/existing-out-help.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { keepForeignFiles } from '../../cache/keep-foreign-files.ts';
import { asideFault, setAside } from './found-outs.ts';

interface Places {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly plan: Pick<Plan, 'pipeline' | 'typed'>;
}

/**
 * Renames an out that an attempt wrote into its place. Existing files with the same content are kept, so that
 * readers need not read them again. Other people's files at its place are moved: returns the path that they
 * are now at.
 */
export async function placeOut(
  { workspace, store, plan }: Places,
  instance: Instance,
  from: string,
  to: string,
  written: Found,
): Promise<string | undefined> {
  let keptIn: string | undefined;
  const existing = await readContent(workspace, to, { links: 'keep' });
  if (from === to) noteAll(workspace, from, to, written);
  else if (
    existing.ok &&
    existing.value !== undefined &&
    sameContent(existing.value.content, written.content)
  )
    await removeTree(workspace, placeOf(workspace, from));
  else {
    ({ keptIn } = await keepForeignFiles({ workspace, store }, to, written));
    workspace.disk.makeFolder(dirname(placeOf(workspace, to)));
    await replace(workspace, placeOf(workspace, from), placeOf(workspace, to));
    noteAll(workspace, from, to, written);
  }
  recordPlacement(store, plan.pipeline, instance.id, to, written.content);
  return keptIn;
}

/** Reports where other people's files at the place of an out were moved to. */
export const keptFilesWarning = (keptIn: string): Diagnostic => ({
  severity: 'warning',
  code: 'kept-files',
  message: `files that no run wrote were in the way of an out: moved to ${keptIn}`,
  help: 'keep your own files outside of outs: an out holds only what its stage writes',
});

/** A process that escaped from its stage could have written until now: only unchanged files are recorded. */
function noteAll(workspace: Workspace, from: string, to: string, { content, items, stamps }: Found): void {
  const files =
    content.form === 'folder'
      ? items.flatMap((item) =>
          item.kind === 'file' ? [{ inside: `/${item.path}`, digest: item.digest }] : [],
        )
      : [{ inside: '', digest: content.digest }];
  for (const { inside, digest } of files) {
    const read = stamps.get(from + inside);
    const stats = workspace.disk.lstat(placeOf(workspace, to + inside));
    if (read !== undefined && stats !== undefined && isRenamed(read, stampOf(stats)))
      noteWritten(workspace, to + inside, digest, stats);
  }
}

/**
 * Removes outs that the runner once put there for this instance and that it no longer declares, or whose
 * bytes were dropped. An edited out is the user's own work by now: it is kept, and reported.
 */
export async function removeOlderOuts(
  { workspace, store, plan }: Places,
  instance: Instance,
  dropped: readonly string[] = [],
): Promise<readonly string[]> {
  const declared = new Set(
    Object.entries(instance.outs).flatMap(([name, { path }]) => (dropped.includes(name) ? [] : [path])),
  );
  const left: string[] = [];
  for (const { path, content } of placementsOf(store, plan.pipeline, instance.id)) {
    if (declared.has(path)) continue;
    if (!(await removeOwn(workspace, path, content))) left.push(path);
    forgetPlacement(store, path);
  }
  return left;
}

/** Removes what is at a path if the runner put it there; false: it did not, and the path is unchanged. */
async function removeOwn(workspace: Workspace, path: string, content: Content): Promise<boolean> {
  if (linkFinder(workspace)(path) !== undefined) return false;
  const existing = await readContent(workspace, path, { links: 'keep' });
  if (existing.ok && existing.value === undefined) return true;
  if (!existing.ok || existing.value === undefined || !sameContent(existing.value.content, content))
    return false;
  await removeTree(workspace, placeOf(workspace, path));
  return true;
}

/**
 * Clears the paths outside the instance's folder that a program writes by itself, so that no old file is
 * taken for its result, and records that the runner owns what appears there from now on: a program that is
 * killed leaves partial files. Files that no run made are moved aside. Returns the reason if that is not
 * possible.
 */
export async function clearWorkspaceOuts(
  places: Places,
  instance: Instance,
  key: Key,
  onKept: (folder: string) => void,
): Promise<string | undefined> {
  const paths = workspaceOuts(instance);
  const fault = linkFault(places, paths) ?? paths.map((path) => asideFault(places, path)).find(Boolean);
  if (fault !== undefined) return fault;
  for (const path of paths) {
    if (isForeign(places, path)) await setAside(places, { path, key });
    else {
      const { keptIn } = await keepForeignFiles(places, path, undefined);
      if (keptIn !== undefined) onKept(keptIn);
      await removeTree(places.workspace, placeOf(places.workspace, path));
    }
    recordPlacement(places.store, places.plan.pipeline, instance.id, path, unwritten);
  }
  return undefined;
}

/** Removes what a program that was cut short wrote outside the instance's folder. */
export async function dropWorkspaceOuts({ workspace, store }: Places, instance: Instance): Promise<void> {
  for (const path of workspaceOuts(instance)) {
    await removeTree(workspace, placeOf(workspace, path));
    forgetPlacement(store, path);
  }
}

/** The words for the first of some places outside the artifacts that holds what no run put there. */
export function foreignFault(
  places: Places,
  instance: Instance,
  paths: readonly string[],
): string | undefined {
  const foreign = paths.find((path) => isForeign(places, path));
  return linkFault(places, paths) ?? (foreign && existingOutText(places, instance, foreign));
}

/** What to do about a file at the place of an out that no run made and that differs from the result. */
export const existingOutText = ({ plan }: Pick<Places, 'plan'>, { id }: Instance, path: string): string =>
  `${path} already exists and differs from the result of ${id}: ${existingOutHelp(plan.typed, id)}`;

/** The words for the first link on the way to some places. */
export function linkFault(
  { workspace }: Pick<Places, 'workspace' | 'store'>,
  paths: readonly string[],
): string | undefined {
  const link = paths.map(linkFinder(workspace)).find((found) => found !== undefined);
  return (
    link &&
    `${link} is a symbolic link above an out, and its target was not created by this pipeline: ` +
      'remove the link'
  );
}

const isForeign = ({ workspace, store }: Pick<Places, 'workspace' | 'store'>, path: string): boolean =>
  workspace.disk.lstat(placeOf(workspace, path)) !== undefined && placementAt(store, path) === undefined;

/** Where a program writes outside the instance's folder. */
export const workspaceOuts = (instance: Instance): readonly string[] =>
  Object.values(instance.outs).flatMap(({ path, workspace }) => (workspace ? [path] : []));
