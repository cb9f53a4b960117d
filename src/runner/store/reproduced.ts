import type { Key } from '../identity.ts';
import { programKeyOf } from '../manifest/key-of.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Store } from './database/open-store.ts';

/** Records that a result was computed a second time and came out the same. */
export function recordReproduced(store: Store, key: Key, manifest: Manifest): void {
  store
    .sql('INSERT OR REPLACE INTO reproduced (program, key) VALUES (?, ?)')
    .run(programKeyOf(manifest), key);
}

/** Whether a result of the same program, on the same platform, was computed twice and came out the same. */
export const isReproduced = (store: Store, manifest: Manifest): boolean =>
  store.sql('SELECT 1 FROM reproduced WHERE program = ?').get(programKeyOf(manifest)) !== undefined;

/** A result of the program came out different. */
export function forgetReproduced(store: Store, manifest: Manifest): void {
  store.sql('DELETE FROM reproduced WHERE program = ?').run(programKeyOf(manifest));
}
