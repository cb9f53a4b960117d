import { deflateSync, inflateSync } from 'node:zlib';
import { type Digest, parseDigest } from '../../../files/digest.ts';
import { parseTree, serializeTree, type TreeItem } from '../../manifest/tree.ts';
import type { Store } from '../database/open-store.ts';

/** Keeps what a folder held that a result was made from. */
export function recordListing(store: Store, digest: Digest, items: readonly TreeItem[]): void {
  if (store.sql('SELECT 1 FROM listings WHERE digest = ?').get(digest) !== undefined) return;
  store
    .sql('INSERT OR IGNORE INTO listings (digest, text) VALUES (?, ?)')
    .run(digest, deflateSync(serializeTree(items)));
}

/** What a folder held; undefined: it is not known. */
export function findListing(store: Store, digest: Digest): readonly TreeItem[] | undefined {
  const text = store.sql('SELECT text FROM listings WHERE digest = ?').pluck(true).get(digest);
  const items = text instanceof Uint8Array ? parseTree(inflateSync(text).toString('utf8')) : undefined;
  return items?.ok === true ? items.value : undefined;
}

/** Forgets the listings that no last result was made from. */
export function forgetListings(store: Store): void {
  const named = new Set(
    store
      .sql('SELECT manifest FROM results')
      .pluck(true)
      .all()
      .flatMap((manifest) => String(manifest).match(/[0-9a-f]{64}/g) ?? []),
  );
  for (const digest of store.sql('SELECT digest FROM listings').pluck(true).all()) {
    const parsed = parseDigest(String(digest));
    if (parsed.ok && !named.has(parsed.value))
      store.sql('DELETE FROM listings WHERE digest = ?').run(parsed.value);
  }
}
