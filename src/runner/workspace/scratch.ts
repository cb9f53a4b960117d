import { readFile } from 'node:fs/promises';
import { type Digest, digestOf } from '../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { writeFileAtomically } from '../../files/write-atomically.ts';
import type { Result } from '../../result.ts';
import type { Key } from '../identity.ts';
import { removeTree } from './replace.ts';
import type { Stamp } from './stamp.ts';
import { placeOf, type Workspace } from './workspace.ts';

export const scratchFolder = 'cache/scratch';

/** The folder that an interrupted stage finds again, from the project root. */
export const scratchPath = (key: Key): string => `${scratchFolder}/${key}`;

/** What the checkpoints in a scratch folder were made from: the stamps of every file of every dep. */
export const originOf = (stamps: ReadonlyMap<string, Stamp>): Digest =>
  digestOf(JSON.stringify([...stamps].sort(([a], [b]) => (a < b ? -1 : 1))));

/**
 * Opens the scratch folder of a key: with its content, if that was made from deps with exactly these stamps,
 * else empty. Stamps reveal an edit that was reverted, so training on other data is never resumed. Returns
 * whether there is something to resume.
 */
export async function openScratch(
  workspace: Workspace,
  key: Key,
  origin: Digest,
): Promise<Result<boolean, FileProblem>> {
  const place = placeOf(workspace, scratchPath(key));
  const isKnown = await hasOrigin(workspace, key, origin);
  try {
    if (!isKnown) {
      await dropScratch(workspace, key);
      const written = await writeFileAtomically(originPath(workspace, key), origin, workspace.disk);
      if (!written.ok) return written;
    }
    workspace.disk.makeFolder(place);
    return { ok: true, value: workspace.disk.list(place).length > 0 };
  } catch (error) {
    return { ok: false, error: fileProblem(scratchPath(key), error) };
  }
}

/** Whether the last attempt at a key was made from deps with these very stamps. */
export const hasOrigin = async (workspace: Workspace, key: Key, origin: Digest): Promise<boolean> =>
  (await readFile(originPath(workspace, key), 'utf8').catch(() => undefined)) === origin;

/**
 * Deletes the scratch folder of a key. The record is deleted last: until then it describes the remaining
 * files.
 */
export async function dropScratch(workspace: Workspace, key: Key): Promise<void> {
  await removeTree(workspace, placeOf(workspace, scratchPath(key)));
  await workspace.disk.remove(originPath(workspace, key));
}

const originPath = (workspace: Workspace, key: Key): string =>
  placeOf(workspace, `${scratchPath(key)}.origin`);
