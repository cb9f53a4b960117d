import type { Digest } from '../../files/digest.ts';
import { memoize } from '../../memory.ts';
import type { Key } from '../identity.ts';
import { type Entry, keptOuts } from '../manifest/decide.ts';
import { type Content, sameContent } from '../manifest/manifest.ts';
import type { TreeItem } from '../manifest/tree.ts';
import type { Workspace } from '../workspace/workspace.ts';
import type { Cache } from './cache.ts';
import { localSource } from './local-source.ts';
import { objectState, type ObjectState } from './objects.ts';
import { readListing } from './restore-out.ts';
import type { SourceResult } from './result-source.ts';

/** The entry under a key, or why there is none. */
type CachedResult =
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
interface KnownObjects {
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

/** The entry on this disk, with every object checked. */
export async function lookupLocally(
  { workspace, store }: Cache,
  key: Key,
  known?: KnownObjects,
): Promise<CachedResult> {
  const entry = (await localSource(workspace, store).entry(key))?.entry;
  if (entry === undefined) return { kind: 'absent' };
  return (await firstDamage(workspace, keptOuts(entry), known)) ?? { kind: 'hit', entry };
}

/**
 * Whether the bytes of dropped outs can be had without computing them again: here all the same, or elsewhere.
 */
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
export async function firstDamage(
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
