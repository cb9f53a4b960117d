import type { Digest } from '../../files/digest.ts';
import type { Key } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import type { Cache } from './cache.ts';
import { localSource } from './local-source.ts';
import { objectPath, objectState } from './objects.ts';
import { readListing } from './restore-out.ts';

/**
 * The cached parts of a result: its outs, and for each that is a file a path to read it from, relative to the
 * project root.
 */
export interface CachedFiles {
  readonly outs: Entry['outs'];
  readonly adopted: boolean;
  readonly files: Readonly<Record<string, string>>;
}

/** Undefined: this disk has no result under the key. */
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

/** What a folder held, by the digest of its listing; undefined: that is not in the cache. */
export const listingOf = ({ workspace }: Pick<Cache, 'workspace'>, digest: Digest) =>
  readListing(workspace, digest);
