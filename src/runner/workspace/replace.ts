import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Workspace } from './workspace.ts';

/**
 * Moves a finished file or folder into its place. A file replaces a file atomically; otherwise the old
 * content is first renamed aside and then removed, so its place never holds a mixture of both.
 */
export async function replace(workspace: Workspace, finished: string, place: string): Promise<void> {
  const { disk } = workspace;
  const [now, next] = [disk.lstat(place), disk.lstat(finished)];
  const aside =
    now === undefined || (!now.isDirectory() && next?.isFile() === true) ? undefined : partialBeside(place);
  if (aside !== undefined) await disk.rename(place, aside);
  try {
    await move(workspace, finished, place);
  } catch (error) {
    if (aside !== undefined) await disk.rename(aside, place).catch(() => undefined);
    throw error;
  }
  if (aside !== undefined) await removeTree(workspace, aside);
}

/**
 * Renames, also over a file. To another file system, or through another mount of the same (rename(2): EXDEV),
 * as when the cache or the artifacts are a volume of their own, it is copied beside its name first: that it
 * gets whole or not at all.
 */
export async function move(workspace: Workspace, from: string, to: string): Promise<void> {
  const { disk } = workspace;
  try {
    return await disk.rename(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
  }
  const partial = partialBeside(to);
  try {
    await copyTree(workspace, from, partial);
    await disk.rename(partial, to);
  } catch (error) {
    await removeTree(workspace, partial).catch(() => undefined);
    throw error;
  }
  // The new content is in place: leftovers of the old one do no harm.
  await removeTree(workspace, from).catch(() => undefined);
}

async function copyTree(workspace: Workspace, from: string, to: string): Promise<void> {
  const { disk } = workspace;
  const stats = disk.lstat(from);
  if (stats?.isSymbolicLink() === true) return disk.makeLink(to, disk.readLink(from));
  if (stats?.isDirectory() !== true) return disk.copy(from, to);
  disk.makeFolder(to);
  for (const name of disk.list(from)) await copyTree(workspace, join(from, name), join(to, name));
  disk.setMode(to, Number(stats.mode & 0o777n));
}

/** Removes a file or a folder, even a read-only one. */
export async function removeTree(workspace: Workspace, place: string): Promise<void> {
  try {
    await workspace.disk.remove(place);
  } catch {
    openFolders(workspace, place);
    await workspace.disk.remove(place);
  }
}

/** The content of a folder without write permission cannot be removed. */
function openFolders(workspace: Workspace, place: string): void {
  const { disk } = workspace;
  if (disk.lstat(place)?.isDirectory() !== true) return;
  disk.setMode(place, 0o755);
  for (const name of disk.list(place)) openFolders(workspace, join(place, name));
}

/** A name for an unfinished file, in its final folder; isPartialName (src/files) recognises it. */
export function partialBeside(place: string): string {
  return `${dirname(place)}/.partial-${randomBytes(8).toString('hex')}`;
}
