import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Result } from '../result.ts';
import { type Content, type Disk, realDisk } from './disk.ts';
import { type FileProblem, fileProblem } from './file-problem.ts';
import { makeFolder } from './make-folder.ts';
import { walkTree } from './walk-tree.ts';

/**
 * Writes a file so that its name holds the old content or the new, never a part: a file beside it is filled,
 * brought to the disk and renamed over it, and then the folder is brought to the disk. Folders above are
 * made.
 */
export async function writeFileAtomically(
  path: string,
  content: Content,
  disk: Disk = realDisk,
): Promise<Result<void, FileProblem>> {
  return publish(path, disk, async (partial) => {
    await disk.create(partial, content);
    await disk.sync(partial);
    return done;
  });
}

/**
 * Creates a folder atomically: `fill` writes into a folder beside it, which is flushed to disk and renamed.
 * The path must be free or an empty folder: existing files are never overwritten.
 */
export async function writeFolderAtomically(
  path: string,
  fill: (partial: string) => Promise<Result<void, FileProblem>>,
  disk: Disk = realDisk,
): Promise<Result<void, FileProblem>> {
  return publish(path, disk, async (partial) => {
    await mkdir(partial);
    const filled = await fill(partial);
    if (!filled.ok) return filled;
    const entries = await walkTree(partial);
    if (!entries.ok) return entries;
    for (const entry of entries.value)
      if (entry.kind !== 'symlink') await disk.sync(join(partial, entry.path));
    await disk.sync(partial);
    return done;
  });
}

/**
 * Whether a name is that of an unfinished file or folder: left behind only by a killed process, and safe to
 * remove.
 */
export const isPartialName = (name: string): boolean => /^\.partial-[0-9a-f]{16}$/.test(name);

const done = { ok: true, value: undefined } as const;

async function publish(
  path: string,
  disk: Disk,
  write: (partial: string) => Promise<Result<void, FileProblem>>,
): Promise<Result<void, FileProblem>> {
  const folder = dirname(resolve(path));
  const partial = join(folder, `.partial-${randomBytes(8).toString('hex')}`);
  try {
    await makeSyncedFolder(folder, disk);
    const written = await write(partial);
    if (written.ok) await disk.rename(partial, path);
    else await disk.remove(partial);
    if (!written.ok) return written;
    await disk.sync(folder);
    return done;
  } catch (error) {
    // The first failure is the one to report: removing the partial file may fail for the same reason.
    await disk.remove(partial).catch(() => undefined);
    return { ok: false, error: fileProblem(path, error) };
  }
}

/**
 * Makes a folder and those above it. A new name is safe only when the folder that holds it is on the disk.
 */
async function makeSyncedFolder(path: string, disk: Disk): Promise<void> {
  const first = makeFolder(path);
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder))
    await disk.sync(dirname(folder));
}
