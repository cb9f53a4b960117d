import { createReadStream } from 'node:fs';
import type { Digest } from '../../files/digest.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import { memoize } from '../../memory.ts';
import type { Result } from '../../result.ts';
import type { InstanceId, Key, RunId } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import type { Content, Manifest } from '../manifest/manifest.ts';
import { serializeTree, type TreeItem } from '../manifest/tree.ts';
import { deleteEntry, markComputed } from '../store/entries.ts';
import type { Store } from '../store/open-store.ts';
import { recordPlacement } from '../store/placements.ts';
import type { Found } from '../workspace/read-content.ts';
import { removeTree } from '../workspace/replace.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { localSource } from './local-source.ts';
import { forgetObject, objectPath, objectState, type ObjectState } from './objects.ts';
import { readListing, restoreOut } from './restore-out.ts';
import type { CheckedSource, NewObject } from './result-source.ts';
import { sourceObjects } from './source-objects.ts';

/**
 * Finished results by key. Only this room knows rows of entries and files of objects; everybody else looks a
 * key up, publishes, restores and evicts.
 */
export interface Cache {
  readonly workspace: Workspace;
  readonly store: Store;
  /** Where results are looked for that are not on this disk. */
  readonly source?: CheckedSource | undefined;
}

/** What there is under a key. */
export type CachedResult =
  /** Every object is there and, by the stat cache, right; or another source says that it has the result. */
  | { readonly kind: 'hit'; readonly entry: Entry }
  /** An object is missing or has wrong bytes: the out, or the file in it, that it is. */
  | {
      readonly kind: 'damaged';
      readonly object: Digest;
      readonly out: string;
      readonly inside: string | undefined;
    }
  | { readonly kind: 'absent' };

/** What a caller knows already, so that nothing is read twice. */
export interface KnownObjects {
  readonly object: ObjectLook;
  /** What a folder holds that stands in the project with this content. */
  readonly listing: (out: string, content: Content) => Promise<readonly TreeItem[] | undefined>;
}

export type ObjectLook = (digest: Digest) => Promise<ObjectState>;

/** Looks at each object once. */
export const objectLook = (workspace: Workspace): ObjectLook =>
  memoize((digest) => objectState(workspace, digest));

/** Looks on this disk, then in the source. What was computed there goes before what was adopted here. */
export async function lookUp(cache: Cache, key: Key, known?: KnownObjects): Promise<CachedResult> {
  const here = await lookUpHere(cache, key, known);
  if (cache.source === undefined || (here.kind === 'hit' && here.entry.adopted !== true)) return here;
  const there = await cache.source.entry(key);
  return there === undefined ? here : { kind: 'hit', entry: there.entry };
}

async function lookUpHere(
  { workspace, store }: Cache,
  key: Key,
  known?: KnownObjects,
): Promise<CachedResult> {
  const entry = (await localSource(workspace, store).entry(key))?.entry;
  if (entry === undefined) return { kind: 'absent' };
  const look = known?.object ?? objectLook(workspace);
  for (const [out, content] of Object.entries(entry.outs)) {
    if ((await look(content.digest)) !== 'right')
      return { kind: 'damaged', object: content.digest, out, inside: undefined };
    if (content.form !== 'folder') continue;
    const items = (await known?.listing(out, content)) ?? (await readListing(workspace, content.digest));
    for (const item of items ?? []) {
      if (item.kind === 'file' && (await look(item.digest)) !== 'right')
        return { kind: 'damaged', object: item.digest, out, inside: item.path };
    }
  }
  return { kind: 'hit', entry };
}

/** Outs as an attempt wrote them, by name. */
export type WrittenOuts = ReadonlyMap<string, { readonly path: string; readonly found: Found }>;

/** Who made a result, and when. */
export interface Made {
  readonly run: RunId;
  readonly seconds: number;
  readonly at: number;
  /** Nothing computed it: files that were there were taken for it. */
  readonly adopted?: true;
}

/**
 * Files a result under its key: on this disk, and, where a run computed it, then in the source. A file that
 * changes meanwhile is a problem: then there is no entry.
 */
export async function publish(
  { workspace, store, source }: Cache,
  { key, manifest }: { readonly key: Key; readonly manifest: Manifest },
  outs: WrittenOuts,
  { adopted, ...made }: Made,
): Promise<Result<void, FileProblem>> {
  const contents = Object.fromEntries([...outs].map(([name, { found }]) => [name, found.content]));
  const result = {
    entry: { key, outs: contents, ...(adopted === true ? { adopted } : {}) },
    manifest,
    ...made,
  };
  const objects = [...outs.values()].flatMap(({ path, found }) => objectsIn(workspace, path, found));
  const here = localSource(workspace, store);
  const published = await here.put(result, objects);
  if (published.ok && source !== undefined && adopted !== true)
    await source.put(
      result,
      objects.map(({ digest }) => ({ digest, open: () => here.object(digest) })),
    );
  return published;
}

/** The objects of an out: its files, then, of a folder, its listing. */
function objectsIn(workspace: Workspace, path: string, { content, items }: Found): readonly NewObject[] {
  const ofFile = (file: string, digest: Digest): NewObject => ({
    digest,
    file,
    open: async () => createReadStream(placeOf(workspace, file)),
  });
  if (content.form !== 'folder') return [ofFile(path, content.digest)];
  const files = items.flatMap((item) =>
    item.kind === 'file' ? [ofFile(`${path}/${item.path}`, item.digest)] : [],
  );
  const listing = Buffer.from(serializeTree(items));
  return [...files, { digest: content.digest, open: async () => [listing] }];
}

/**
 * Where the outs of an instance stand. One that is `inPlace` is right already: it is only written down as
 * placed by the runner.
 */
export interface OutPlaces {
  readonly pipeline: string;
  readonly instance: InstanceId;
  readonly outs: readonly { readonly name: string; readonly path: string; readonly inPlace: boolean }[];
}

export type Restored =
  | { readonly kind: 'restored'; readonly files: number; readonly bytes: number }
  /** An object is gone or its bytes are wrong: looking up the key again gives what is true now. */
  | { readonly kind: 'damaged' };

/** Writes outs of a result into their places, and records that the runner placed them. */
export async function restore(
  cache: Cache,
  entry: Entry,
  { pipeline, instance, outs }: OutPlaces,
): Promise<Result<Restored, FileProblem>> {
  const { workspace, store } = cache;
  if (!(await bringHere(cache, entry))) return { ok: true, value: { kind: 'damaged' } };
  let files = 0;
  let bytes = 0;
  for (const { name, path, inPlace } of outs) {
    const content = entry.outs[name];
    if (content === undefined) throw new Error(`an entry has no out ${name}, which ${instance} declares`);
    if (!inPlace) {
      const restored = await restoreOut(workspace, path, content);
      if (!restored.ok) return restored;
      if (restored.value.kind === 'damaged') {
        forgetObject(workspace, restored.value.object);
        return { ok: true, value: { kind: 'damaged' } };
      }
      files += restored.value.files;
      bytes += restored.value.bytes;
    }
    recordPlacement(store, pipeline, instance, path, content);
  }
  return { ok: true, value: { kind: 'restored', files, bytes } };
}

/**
 * Copies a result that only the source has onto this disk, every object hashed on its way. False: the source
 * does not have what it says.
 */
async function bringHere(cache: Cache, entry: Entry): Promise<boolean> {
  const { workspace, store, source } = cache;
  if (source === undefined) return true;
  const here = await lookUpHere(cache, entry.key);
  if (here.kind === 'hit' && (here.entry.adopted !== true || entry.adopted === true)) return true;
  const result = await source.entry(entry.key);
  if (result === undefined) return true;
  const objects = await sourceObjects(source, Object.values(result.entry.outs));
  const brought = objects !== undefined && (await localSource(workspace, store).put(result, objects)).ok;
  if (!brought) source.distrust(entry.key);
  return brought;
}

/** A result that was adopted came out the same when it was computed. */
export const confirmAdopted = ({ store }: Pick<Cache, 'store'>, key: Key): void => markComputed(store, key);

/**
 * Takes a result out of the cache. The row goes before the object: nothing ever names an object that is not
 * there.
 */
export async function evict({ workspace, store }: Cache, key: Key, damaged?: Digest): Promise<void> {
  deleteEntry(store, key);
  if (damaged !== undefined) await removeTree(workspace, placeOf(workspace, objectPath(damaged)));
}

/** What a folder held, by the digest of its listing; undefined: that is not in the cache. */
export const listingOf = ({ workspace }: Pick<Cache, 'workspace'>, digest: Digest) =>
  readListing(workspace, digest);

/** What is left of a result: its outs, and where each that is a file can be read, from the project root. */
export interface CachedFiles {
  readonly outs: Entry['outs'];
  readonly adopted: boolean;
  readonly files: Readonly<Record<string, string>>;
}

export async function cachedFiles({ workspace, store }: Cache, key: Key): Promise<CachedFiles | undefined> {
  const found = await localSource(workspace, store).entry(key);
  if (found === undefined) return undefined;
  const files: Record<string, string> = {};
  for (const [out, { form, digest }] of Object.entries(found.entry.outs)) {
    if (form !== 'folder' && (await objectState(workspace, digest)) === 'right')
      files[out] = objectPath(digest);
  }
  return { outs: found.entry.outs, adopted: found.entry.adopted === true, files };
}
