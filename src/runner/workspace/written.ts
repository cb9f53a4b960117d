import { setTimeout } from 'node:timers/promises';
import type { Digest } from '../../files/digest.ts';
import { isSettled, stampOf } from './stamp.ts';
import { placeOf, type Workspace } from './workspace.ts';

/**
 * Notes a file whose bytes were hashed on their way to this name: an object, a restored file, an out of a
 * stage whose processes are gone. It is too young for the stat cache; `recordWritten` puts it there when it
 * has become settled and still is as it was here.
 */
export function noteWritten(workspace: Workspace, path: string, digest: Digest): void {
  const stats = workspace.disk.lstat(placeOf(workspace, path));
  if (stats?.isFile() === true) workspace.written.set(path, { stamp: stampOf(stats), digest });
}

/**
 * Moves the files that are settled by now into the stat cache; those that changed since are dropped. Gives
 * whether some are still too young.
 */
function recordSettled(workspace: Workspace): boolean {
  for (const [path, { stamp, digest }] of workspace.written) {
    const stats = workspace.disk.lstat(placeOf(workspace, path));
    const same = stats !== undefined && stampOf(stats) === stamp;
    if (same && !isSettled(stats, workspace.now())) continue;
    if (same) workspace.stats.record(path, stamp, digest);
    workspace.written.delete(path);
  }
  return workspace.written.size > 0;
}

/**
 * To be called when a run ends: waits the few milliseconds until the youngest file is settled, so that the
 * next run need not read them all.
 */
export async function recordWritten(workspace: Workspace): Promise<void> {
  if (recordSettled(workspace) && (await setTimeout(tickMilliseconds, true))) recordSettled(workspace);
  workspace.written.clear();
}

/**
 * A little more than the tick of file systems that count finer than seconds; on others the next run reads the
 * files once more.
 */
const tickMilliseconds = 25;
