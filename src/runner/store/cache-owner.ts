import type { Store } from './database/open-store.ts';
import { rowOf } from './database/row.ts';

/**
 * The project that a cache belongs to: the absolute path of its root, when a run last wrote; undefined: none
 * did yet.
 */
export const cacheOwner = (store: Store): string | undefined =>
  rowOf(store.sql('SELECT root FROM cache_owner').get())?.text('root');

/** Replaces the owner: the caller has made sure that it is the same project, moved. */
export function recordCacheOwner(store: Store, root: string): void {
  store.sql('INSERT OR REPLACE INTO cache_owner (one, root) VALUES (1, ?)').run(root);
}
