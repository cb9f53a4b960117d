import { setTimeout } from 'node:timers/promises';
import type { Digest } from '../../files/digest.ts';
import { isSettled, stampOf } from './stamp.ts';
import { placeOf, type Workspace } from './workspace.ts';

/**
 * Notes a file whose bytes were hashed while it was written: an object, a restored file, an out of a stage
 * whose processes are gone. It is too young for the stat cache; `recordWritten` puts it there later if it has
 * not changed.
 */
export function noteWritten(
  workspace: Workspace,
  path: string,
  digest: Digest,
  stats = workspace.disk.lstat(placeOf(workspace, path)),
): void {
  if (stats?.isFile() === true) workspace.written.set(path, { stamp: stampOf(stats), digest });
}

/**
 * Called when a run ends: moves the written files into the stat cache, so that the next run need not read
 * them. Waits the few milliseconds until the youngest file is settled. Files that have changed since are not
 * recorded.
 */
export async function recordWritten(workspace: Workspace): Promise<void> {
  if (workspace.written.size > 0) await setTimeout(tickMilliseconds);
  for (const [path, { stamp, digest }] of workspace.written) {
    const stats = workspace.disk.lstat(placeOf(workspace, path));
    if (stats !== undefined && stampOf(stats) === stamp && isSettled(stats, workspace.now()))
      workspace.stats.record(path, stamp, digest);
  }
  workspace.written.clear();
}

/**
 * A little more than the tick of file systems that count finer than seconds; on others the next run reads the
 * files once more.
 */
const tickMilliseconds = 25;
