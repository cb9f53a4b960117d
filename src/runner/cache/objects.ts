import { createHash, type Hash } from 'node:crypto';
import { dirname } from 'node:path';
import { type Digest, parseDigest } from '../../files/digest.ts';
import { readFileDigest } from '../workspace/read-content.ts';
import { stampOf } from '../workspace/stamp.ts';
import { partialBeside } from '../workspace/replace.ts';
import { noteWritten } from '../workspace/written.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { inParallel } from './in-parallel.ts';
import type { Bytes } from './result-source.ts';

const objectsFolder = 'cache/objects';

/** Where an object lies, from the project root. */
export const objectPath = (digest: Digest): string =>
  `${objectsFolder}/${digest.slice(0, 2)}/${digest.slice(2)}`;

export type ObjectState = 'right' | 'missing' | 'damaged';

/**
 * Whether an object is there with the right bytes: by its stamp where that can be trusted, else by reading
 * it.
 */
export async function objectState(workspace: Workspace, digest: Digest): Promise<ObjectState> {
  const path = objectPath(digest);
  const stats = workspace.disk.lstat(placeOf(workspace, path));
  if (stats === undefined) return 'missing';
  if (!stats.isFile()) return 'damaged';
  const known = workspace.stats.find(path);
  if (known?.stamp === stampOf(stats)) return known.digest === digest ? 'right' : 'damaged';
  const found = await readFileDigest(workspace, path);
  return found.ok && found.value === digest ? 'right' : 'damaged';
}

/** In bytes; 0 where it is missing. */
export const objectSize = (workspace: Workspace, digest: Digest): number =>
  Number(workspace.disk.lstat(placeOf(workspace, objectPath(digest)))?.size ?? 0);

/** Folders whose names have to be brought to the disk before a row may speak of the objects in them. */
export type Unsynced = Set<string>;

/**
 * Copies a file into the cache under its digest: a copy of its own (never a hard link with the workspace),
 * read-only, brought to the disk before it gets its name. The copy is hashed, so that a file that changed
 * meanwhile is never filed under the old digest: then the answer is false.
 */
export async function storeFile(
  workspace: Workspace,
  from: string,
  digest: Digest,
  unsynced: Unsynced,
): Promise<boolean> {
  return store(workspace, digest, unsynced, async (partial) => {
    await workspace.disk.copy(placeOf(workspace, from), partial);
    return workspace.disk.digest(partial);
  });
}

/**
 * Files bytes that come as a stream, hashed on their way; false: they are not those of the digest, or cannot
 * be had.
 */
export async function storeBytes(
  workspace: Workspace,
  open: () => Promise<Bytes | undefined>,
  digest: Digest,
  unsynced: Unsynced,
): Promise<boolean> {
  return store(workspace, digest, unsynced, async (partial) => {
    const bytes = await open();
    if (bytes === undefined) return undefined;
    const hash = createHash('sha256');
    await workspace.disk.create(partial, hashed(bytes, hash));
    return hash.digest('hex');
  });
}

/** A stream that breaks off is one with other bytes. */
async function* hashed(bytes: Bytes, hash: Hash): AsyncGenerator<Uint8Array> {
  const pieces = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]();
  for (;;) {
    const piece = await Promise.resolve(pieces.next()).catch(() => undefined);
    if (piece === undefined || piece.done === true) return;
    hash.update(piece.value);
    yield piece.value;
  }
}

/** `fill` writes the file and gives the digest of what it wrote; undefined: nothing. */
async function store(
  workspace: Workspace,
  digest: Digest,
  unsynced: Unsynced,
  fill: (partial: string) => Promise<string | undefined>,
): Promise<boolean> {
  const { disk } = workspace;
  if ((await objectState(workspace, digest)) === 'right') return true;
  const path = objectPath(digest);
  const place = placeOf(workspace, path);
  const folder = dirname(place);
  const partial = partialBeside(place);
  makeFolder(workspace, folder, unsynced);
  try {
    if ((await fill(partial)) !== digest) {
      await disk.remove(partial);
      return false;
    }
    disk.setMode(partial, 0o444);
    await disk.sync(partial);
    await disk.rename(partial, place);
  } catch (error) {
    await disk.remove(partial).catch(() => undefined);
    throw error;
  }
  unsynced.add(folder);
  noteWritten(workspace, path, digest);
  return true;
}

/** What was believed of an object turned out to be untrue. */
export function forgetObject({ stats, written }: Workspace, digest: Digest): void {
  stats.forget(objectPath(digest));
  written.delete(objectPath(digest));
}

/** Makes a folder; the folder above it has a new name then, to be brought to the disk as well. */
function makeFolder(workspace: Workspace, folder: string, unsynced: Unsynced): void {
  if (workspace.disk.lstat(folder) !== undefined) return;
  workspace.disk.makeFolder(folder);
  unsynced.add(dirname(folder));
}

/** Brings the names of new objects to the disk: after this, a row may speak of them. */
export async function syncNames(workspace: Workspace, unsynced: Unsynced): Promise<void> {
  await inParallel(unsynced, async (folder) => {
    await workspace.disk.sync(folder);
    return true;
  });
  unsynced.clear();
}

/** Every file in the cache that has the name of an object. */
export function* objectFiles(
  workspace: Workspace,
): Generator<{ readonly path: string; readonly digest: Digest; readonly size: number }> {
  const { disk } = workspace;
  const top = placeOf(workspace, objectsFolder);
  if (disk.lstat(top)?.isDirectory() !== true) return;
  for (const folder of disk.list(top)) {
    if (disk.lstat(`${top}/${folder}`)?.isDirectory() !== true) continue;
    for (const name of disk.list(`${top}/${folder}`)) {
      const digest = parseDigest(folder + name);
      const stats = disk.lstat(`${top}/${folder}/${name}`);
      if (digest.ok && stats !== undefined)
        yield { path: objectPath(digest.value), digest: digest.value, size: Number(stats.size) };
    }
  }
}
