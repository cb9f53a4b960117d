import { createReadStream } from 'node:fs';
import type { Digest } from '../../files/digest.ts';
import type { FileProblem } from '../../files/file-problem.ts';
import { memoize } from '../../memory.ts';
import type { Result } from '../../result.ts';
import type { Origin } from '../event.ts';
import type { InstanceId, Key, RunId } from '../identity.ts';
import { droppedOuts, type Entry, keptOuts } from '../manifest/decide.ts';
import { type Content, type Manifest, sameContent } from '../manifest/manifest.ts';
import { serializeTree, type TreeItem } from '../manifest/tree.ts';
import {
  allEntries,
  deleteEntry,
  type FinishedResult,
  lastEntry,
  markComputed,
  recordDropped,
} from '../store/entries.ts';
import type { Store } from '../store/database/open-store.ts';
import { recordPlacement } from '../store/placements.ts';
import type { Found } from '../workspace/read-content.ts';
import { removeTree } from '../workspace/replace.ts';
import { placeOf, type Workspace } from '../workspace/workspace.ts';
import { keepForeignFiles, type KeptFiles } from './keep-foreign-files.ts';
import { localSource } from './local-source.ts';
import {
  forgetObject,
  objectPath,
  objectSize,
  objectState,
  type ObjectState,
  storeObjects,
} from './objects.ts';
import { readListing, restoreOut } from './restore-out.ts';
import type { CheckedSource, NewObject, SourceResult, StoredObject } from './result-source.ts';
import { sourceObjects } from './source-objects.ts';

/**
 * Finished results by key. Only this room knows rows of entries and files of objects; all others look up a
 * key up, publishes, restores and evicts.
 */
export interface Cache {
  readonly workspace: Workspace;
  readonly store: Store;
  /** Where to look for results that are not on this disk. */
  readonly source?: CheckedSource | undefined;
}

/** The entry under a key, or why there is none. */
export type CachedResult =
  /** Every object is there and, by the stat cache, intact; or another source claims to have the result. */
  | { readonly kind: 'hit'; readonly entry: Entry }
  /** An object is missing or has wrong bytes: the out, or the file in it, that it is. */
  | {
      readonly kind: 'damaged';
      readonly object: Digest;
      readonly out: string;
      readonly inside: string | undefined;
    }
  | { readonly kind: 'absent' };

/** Facts that a caller has already, so that nothing is read twice. */
export interface KnownObjects {
  readonly object: ObjectCheck;
  /** The listing of a folder of the project that has this content. */
  readonly listing: (out: string, content: Content) => Promise<readonly TreeItem[] | undefined>;
}

export type ObjectCheck = (digest: Digest) => Promise<ObjectState>;

/** Checks each object once. */
export const objectCheck = (workspace: Workspace): ObjectCheck =>
  memoize((digest) => objectState(workspace, digest));

/** Tries this disk, then the source. A result computed there takes precedence over one adopted here. */
export async function lookupResult(cache: Cache, key: Key, known?: KnownObjects): Promise<CachedResult> {
  const here = await lookupLocally(cache, key, known);
  if (cache.source === undefined || (here.kind === 'hit' && here.entry.adopted !== true)) return here;
  const there = await cache.source.entry(key);
  if (there === undefined) return here;
  if (await hasWithheld(cache, there, known)) return { kind: 'hit', entry: there.entry };
  cache.source.withheld?.(key);
  return here;
}

/** Whether the outs whose bytes a source does not have are on this disk. */
async function hasWithheld(
  { workspace }: Cache,
  { entry, withheld = [] }: SourceResult,
  known?: KnownObjects,
): Promise<boolean> {
  const outs = withheld.flatMap((name) => {
    const content = entry.outs[name];
    return content === undefined ? [] : [[name, content] as const];
  });
  return (await firstDamage(workspace, Object.fromEntries(outs), known)) === undefined;
}

async function lookupLocally(
  { workspace, store }: Cache,
  key: Key,
  known?: KnownObjects,
): Promise<CachedResult> {
  const entry = (await localSource(workspace, store).entry(key))?.entry;
  if (entry === undefined) return { kind: 'absent' };
  return (await firstDamage(workspace, keptOuts(entry), known)) ?? { kind: 'hit', entry };
}

/** Whether the bytes of dropped outs can be had without computing them again: here all the same, or elsewhere. */
export async function canRestoreDropped(
  { workspace, source }: Cache,
  entry: Entry,
  names: readonly string[],
): Promise<boolean> {
  const outs = Object.fromEntries(Object.entries(entry.outs).filter(([name]) => names.includes(name)));
  if ((await firstDamage(workspace, outs)) === undefined) return true;
  const there = await source?.entry(entry.key);
  return (
    there !== undefined &&
    Object.entries(outs).every(([name, content]) => {
      const found = there.entry.outs[name];
      return found !== undefined && sameContent(found, content) && there.withheld?.includes(name) !== true;
    })
  );
}

/** The first object of some outs that is missing, or has wrong bytes. */
async function firstDamage(
  workspace: Workspace,
  outs: Entry['outs'],
  known?: KnownObjects,
): Promise<Extract<CachedResult, { readonly kind: 'damaged' }> | undefined> {
  const check = known?.object ?? objectCheck(workspace);
  for (const [out, content] of Object.entries(outs)) {
    if ((await check(content.digest)) !== 'right')
      return { kind: 'damaged', object: content.digest, out, inside: undefined };
    if (content.form !== 'folder') continue;
    const items = (await known?.listing(out, content)) ?? (await readListing(workspace, content.digest));
    for (const item of items ?? []) {
      if (item.kind === 'file' && (await check(item.digest)) !== 'right')
        return { kind: 'damaged', object: item.digest, out, inside: item.path };
    }
  }
  return undefined;
}

/** Outs as an attempt wrote them, by name. */
export type WrittenOuts = ReadonlyMap<string, { readonly path: string; readonly found: Found }>;

/** Who made a result, and when. */
export interface Made {
  readonly run: RunId;
  readonly seconds: number;
  readonly at: number;
  /** No run computed it: existing files were taken as the result. */
  readonly adopted?: true;
  /** Outs whose bytes stay on this machine. */
  readonly withheld?: readonly string[];
}

/**
 * Stores a result under its key: on this disk, and, if a run computed it, then in the source. A file that
 * changes meanwhile is a problem: then there is no entry.
 */
export async function publish(
  { workspace, store, source }: Cache,
  { key, manifest }: { readonly key: Key; readonly manifest: Manifest },
  outs: WrittenOuts,
  { adopted, withheld = [], ...made }: Made,
): Promise<Result<void, FileProblem>> {
  const contents = Object.fromEntries([...outs].map(([name, { found }]) => [name, found.content]));
  const result = {
    entry: { key, outs: contents, ...(adopted === true ? { adopted } : {}) },
    manifest,
    ...made,
  };
  const objectsOf = (names: readonly string[]): readonly NewObject[] =>
    names.flatMap((name) => {
      const out = outs.get(name);
      return out === undefined ? [] : objectsIn(workspace, out.path, out.found);
    });
  const here = localSource(workspace, store);
  const published = await here.put(result, objectsOf([...outs.keys()]));
  if (!published.ok || source === undefined || adopted === true) return published;
  const shared = objectsOf([...outs.keys()].filter((name) => !withheld.includes(name)));
  await source.put(
    result,
    shared.map(({ digest }) => ({
      digest,
      size: objectSize(workspace, digest),
      open: () => here.object(digest),
    })),
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
 * The paths of the outs of an instance. An out that is `inPlace` is correct already: it is only recorded as
 * placed by the runner.
 */
export interface OutPlaces {
  readonly pipeline: string;
  readonly instance: InstanceId;
  readonly outs: readonly { readonly name: string; readonly path: string; readonly inPlace: boolean }[];
}

export type Restored =
  | {
      readonly kind: 'restored';
      readonly files: number;
      readonly bytes: number;
      /** Folders beside the outs that files of others were moved to. */
      readonly keptIn: readonly string[];
      /** Where it was copied from a source for this. */
      readonly origin: Origin | undefined;
    }
  /** An object is missing or damaged: looking up the key again gives the current state. */
  | { readonly kind: 'damaged' };

/** Writes outs of a result into their places, and records that the runner placed them. */
export async function restore(
  cache: Cache,
  entry: Entry,
  { pipeline, instance, outs }: OutPlaces,
): Promise<Result<Restored, FileProblem>> {
  const { workspace, store } = cache;
  const dropped = outs.flatMap(({ name, inPlace }) =>
    !inPlace && entry.dropped?.includes(name) === true ? [name] : [],
  );
  const brought =
    dropped.length > 0 ? await fetchDropped(cache, entry, dropped) : await fetchObject(cache, entry);
  if (brought === 'damaged') return { ok: true, value: { kind: 'damaged' } };
  let files = 0;
  let bytes = 0;
  const kept: string[] = [];
  for (const { name, path, inPlace } of outs) {
    const content = entry.outs[name];
    if (content === undefined) throw new Error(`an entry has no out ${name}, which ${instance} declares`);
    if (!inPlace) {
      const { existing, keptIn } = await keepForeign(cache, path, content);
      if (keptIn !== undefined) kept.push(keptIn);
      const restored = await restoreOut(workspace, path, content, existing);
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
  return { ok: true, value: { kind: 'restored', files, bytes, keptIn: kept, origin: brought?.origin } };
}

/** Before a content is put there: moves what no run wrote out of the folder at a path. */
async function keepForeign(cache: Cache, path: string, { form, digest }: Content): Promise<KeptFiles> {
  const next = form === 'folder' ? await readListing(cache.workspace, digest) : [];
  // Damaged: nothing will be put there.
  return next === undefined
    ? { existing: undefined, keptIn: undefined }
    : keepForeignFiles(cache, path, next);
}

/**
 * Copies a result that only the source has onto this disk, hashing every object on its way, and returns it;
 * undefined: it is here. `damaged`: the source does not have the result that it claims.
 */
async function fetchObject(cache: Cache, entry: Entry): Promise<SourceResult | undefined | 'damaged'> {
  const { workspace, store, source } = cache;
  if (source === undefined) return undefined;
  const here = await lookupLocally(cache, entry.key);
  if (here.kind === 'hit' && (here.entry.adopted !== true || entry.adopted === true)) return undefined;
  const result = await source.entry(entry.key);
  if (result === undefined) return undefined;
  const shared = Object.entries(result.entry.outs).filter(
    ([name]) => result.withheld?.includes(name) !== true,
  );
  const objects = await sourceObjects(
    source,
    shared.map(([, content]) => content),
  );
  const brought = objects !== undefined && (await localSource(workspace, store).put(result, objects)).ok;
  if (brought) {
    source.restored?.(entry.key);
    return result;
  }
  source.markUntrusted(entry.key);
  return 'damaged';
}

/** The same for outs of a result that is here, whose bytes were dropped. */
async function fetchDropped(
  { workspace, store, source }: Cache,
  entry: Entry,
  names: readonly string[],
): Promise<SourceResult | undefined | 'damaged'> {
  const { key, outs, dropped = [] } = entry;
  const wanted = Object.fromEntries(Object.entries(outs).filter(([name]) => names.includes(name)));
  const isHere = (await firstDamage(workspace, wanted)) === undefined;
  const result = isHere ? undefined : await source?.entry(key);
  if (!isHere) {
    const objects =
      result === undefined || source === undefined
        ? undefined
        : await sourceObjects(source, Object.values(wanted));
    if (objects === undefined || (await storeObjects(workspace, objects)) !== undefined) {
      source?.markUntrusted(key);
      return 'damaged';
    }
    source?.restored?.(key);
  }
  recordDropped(
    store,
    key,
    dropped.filter((name) => !names.includes(name)),
  );
  return result;
}

/** A result that is whole on this disk, and its objects; those of withheld outs are left out. */
export async function storedResult(
  { workspace, store }: Cache,
  key: Key,
  withheld: readonly string[],
): Promise<{ readonly result: FinishedResult; readonly objects: readonly StoredObject[] } | undefined> {
  const here = localSource(workspace, store);
  const result = await here.entry(key);
  const found = await lookupLocally({ workspace, store }, key);
  if (result === undefined || found.kind !== 'hit' || result.entry.adopted === true) return undefined;
  const shared = Object.entries(keptOuts(result.entry)).filter(([name]) => !withheld.includes(name));
  const objects = await sourceObjects(
    here,
    shared.map(([, content]) => content),
  );
  if (objects === undefined) return undefined;
  const distinct = new Map(objects.map((object) => [object.digest, object]));
  return {
    result,
    objects: [...distinct.values()].map(({ digest, open }) => ({
      digest,
      open,
      size: objectSize(workspace, digest),
    })),
  };
}

/** The last result of an instance, where it is on this disk. */
export const lastEntryOf = (
  { store }: Pick<Cache, 'store'>,
  pipeline: string,
  instance: InstanceId,
): Entry | undefined => lastEntry(store, pipeline, instance);

/** The maker of the result under a key, if it came from a source. */
export async function originOf({ workspace, store }: Cache, key: Key): Promise<Origin | undefined> {
  return (await localSource(workspace, store).entry(key))?.origin;
}

/** A result that was adopted came out the same when it was computed. */
export const confirmAdopted = ({ store }: Pick<Cache, 'store'>, key: Key): void => markComputed(store, key);

/**
 * Removes a result from the cache. The row is deleted before the objects: no row ever names a missing object.
 */
export async function evict({ workspace, store }: Cache, key: Key, damaged?: Digest): Promise<void> {
  deleteEntry(store, key);
  if (damaged !== undefined) await removeTree(workspace, placeOf(workspace, objectPath(damaged)));
}

/**
 * Drops the bytes of outs of results; their digests remain. The rows are updated before an object is deleted,
 * and an object that anything else needs stays. Returns the number of freed bytes.
 */
export async function dropOuts(
  { workspace, store }: Pick<Cache, 'workspace' | 'store'>,
  drops: ReadonlyMap<Key, readonly string[]>,
): Promise<number> {
  for (const [key, names] of drops) recordDropped(store, key, names);
  const entries = allEntries(store).map(({ entry }) => entry);
  const unneeded = new Set<Digest>();
  for (const entry of entries)
    if (drops.has(entry.key))
      for (const content of Object.values(droppedOuts(entry)))
        for (const object of await contentObjects(workspace, content)) unneeded.add(object);
  for (const content of entries.flatMap((entry) => Object.values(keptOuts(entry))))
    for (const object of await contentObjects(workspace, content)) unneeded.delete(object);
  let bytes = 0;
  for (const object of unneeded) {
    bytes += objectSize(workspace, object);
    await removeTree(workspace, placeOf(workspace, objectPath(object)));
    workspace.stats.forget(objectPath(object));
  }
  return bytes;
}

/** The objects of a content: of a folder, its listing and its files. */
export async function contentObjects(
  workspace: Workspace,
  { form, digest }: Content,
): Promise<readonly Digest[]> {
  const items = form === 'folder' ? ((await readListing(workspace, digest)) ?? []) : [];
  return [digest, ...items.flatMap((item) => (item.kind === 'file' ? [item.digest] : []))];
}

/** What a folder held, by the digest of its listing; undefined: that is not in the cache. */
export const listingOf = ({ workspace }: Pick<Cache, 'workspace'>, digest: Digest) =>
  readListing(workspace, digest);

/**
 * The cached parts of a result: its outs, and for each that is a file a path to read it from, relative to the
 * project root.
 */
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
