import { join } from 'node:path';
import { partialBeside } from './objects.ts';
import type { Workspace } from './workspace.ts';

/**
 * Renames what is finished into its place. A file takes a file's name in one step; of anything else, what stood there is
 * renamed aside first and then removed, so its place never holds a mixture of both.
 */
export async function replace(workspace: Workspace, finished: string, place: string): Promise<void> {
  const { disk } = workspace;
  const [now, next] = [disk.look(place), disk.look(finished)];
  const aside = now === undefined || (!now.isDirectory() && next?.isFile() === true) ? undefined : partialBeside(place);
  if (aside !== undefined) await disk.rename(place, aside);
  try {
    await disk.rename(finished, place);
  } catch (error) {
    if (aside !== undefined) await disk.rename(aside, place).catch(() => undefined);
    throw error;
  }
  if (aside !== undefined) await removeTree(workspace, aside);
}

/** Removes a file or a folder, also one that was made read-only. */
export async function removeTree(workspace: Workspace, place: string): Promise<void> {
  try {
    await workspace.disk.remove(place);
  } catch {
    openFolders(workspace, place);
    await workspace.disk.remove(place);
  }
}

/** A folder without write permission keeps what it holds. */
function openFolders(workspace: Workspace, place: string): void {
  const { disk } = workspace;
  if (disk.look(place)?.isDirectory() !== true) return;
  disk.setMode(place, 0o755);
  for (const name of disk.list(place)) openFolders(workspace, join(place, name));
}
