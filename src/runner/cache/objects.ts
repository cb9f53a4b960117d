import { createHash, type Hash } from 'node:crypto';
import { dirname } from 'node:path';
import { type Digest, parseDigest } from '../../files/digest.ts';
import { type FileProblem, fileProblem } from '../../files/file-problem.ts';
import { readFileDigest } from '../workspace/read-content.ts';
import { stampOf } from '../workspace/stamp.ts';
import { partialBeside } from '../workspace/replace.ts';
import { noteWritten } from '../workspace/written.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { inParallel } from './in-parallel.ts';
import type { Bytes, NewObject } from './result-source.ts';

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

/** From this many new objects on, one call syncs all of their file system. */
const manyObjects = 256;

/**
 * Stores objects under their digests: as separate copies (never hard links with the workspace), read-only.
 * When this returns, bytes and names are flushed to disk, so a row may refer to the objects. Every copy is
 * hashed. Returns the fault of the first file that changed meanwhile or cannot be read; then none may have
 * been stored.
 */
export async function storeObjects(
  workspace: Workspace,
  objects: readonly NewObject[],
): Promise<FileProblem | undefined> {
  const staging: Staging = { staged: [], folders: new Set() };
  try {
    const problem =
      (await stageObjects(workspace, objects, staging)) ?? (await nameObjects(workspace, staging));
    if (problem !== undefined) await dropStaged(workspace, staging);
    return problem;
  } catch (error) {
    await dropStaged(workspace, staging).catch(() => undefined);
    return fileProblem(objectsFolder, error);
  }
}

interface Staging {
  /** Whole, or being written, beside the places that they will have. */
  readonly staged: StagedObject[];
  /** Folders that get new names. */
  readonly folders: Set<string>;
}

interface StagedObject {
  readonly digest: Digest;
  readonly partial: string;
  readonly place: string;
}

async function stageObjects(
  workspace: Workspace,
  objects: readonly NewObject[],
  { staged, folders }: Staging,
): Promise<FileProblem | undefined> {
  const problems: FileProblem[] = [];
  await inParallel(objects, async (object) => {
    const { digest, file = objectPath(digest) } = object;
    try {
      if ((await objectState(workspace, digest)) === 'right') return true;
      const place = placeOf(workspace, objectPath(digest));
      const partial = partialBeside(place);
      makeFolder(workspace, dirname(place), folders);
      staged.push({ digest, partial, place });
      if ((await writeObject(workspace, object, partial)) === digest) return true;
      problems.push({ path: file, message: 'changed while it was copied into the cache' });
    } catch (error) {
      problems.push(fileProblem(file, error));
    }
    return false;
  });
  return problems[0];
}

/** Returns the digest of the written bytes; undefined: none. */
async function writeObject(
  { root, disk }: Workspace,
  { file, open }: NewObject,
  partial: string,
): Promise<string | undefined> {
  if (file !== undefined) return (await disk.copyHashed(placeOf({ root }, file), partial, 0o444)).digest;
  const bytes = await open();
  if (bytes === undefined) return undefined;
  const hash = createHash('sha256');
  await disk.create(partial, hashed(bytes, hash));
  disk.setMode(partial, 0o444);
  return hash.digest('hex');
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

/** The bytes are on the disk before the names, and the names before this returns. */
async function nameObjects(
  workspace: Workspace,
  { staged, folders }: Staging,
): Promise<FileProblem | undefined> {
  const { disk } = workspace;
  const bringToDisk = async (paths: Iterable<string>): Promise<void> => {
    if (staged.length >= manyObjects && (await disk.syncAll(placeOf(workspace, objectsFolder)))) return;
    await inParallel(paths, async (path) => disk.sync(path).then(() => true));
  };
  await bringToDisk(staged.map(({ partial }) => partial));
  const allNamed = await inParallel(staged, async ({ digest, partial, place }) => {
    if (workspace.givenUp?.aborted === true) return false;
    await disk.rename(partial, place);
    folders.add(dirname(place));
    noteWritten(workspace, objectPath(digest), digest);
    return true;
  });
  if (!allNamed) return { path: objectsFolder, message: 'caching was cancelled' };
  await bringToDisk(folders);
  return undefined;
}

/** An existing object is kept: it is correct. */
async function dropStaged({ disk }: Workspace, { staged }: Staging): Promise<void> {
  await inParallel(staged, async ({ partial }) => disk.remove(partial).then(() => true));
}

/** Makes a folder; the folder above it has a new name then, to be brought to the disk as well. */
function makeFolder(workspace: Workspace, folder: string, folders: Set<string>): void {
  if (workspace.disk.lstat(folder) !== undefined) return;
  workspace.disk.makeFolder(folder);
  folders.add(dirname(folder));
}

/** Forgets cached facts about an object that turned out to be wrong. */
export function forgetObject({ stats, written }: Workspace, digest: Digest): void {
  stats.forget(objectPath(digest));
  written.delete(objectPath(digest));
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
