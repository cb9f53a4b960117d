import type { Key } from '../identity.ts';
import { parseKey } from '../manifest/key-of.ts';
import { committed, type Store } from './database/open-store.ts';
import { rowsOf } from './database/row.ts';

/**
 * A file or folder that no run made, moved aside from the place of an out while the stage with this key runs.
 */
export interface FoundOut {
  readonly path: string;
  readonly key: Key;
}

/** Returns when the row is flushed to disk: the file that it names is moved only then. */
export function recordFoundOut(store: Store, { path, key }: FoundOut): void {
  committed(store, () =>
    store.sql('INSERT OR REPLACE INTO found_outs (path, key) VALUES (?, ?)').run(path, key),
  );
}

/** Those that were not put back yet, by path. */
export const allFoundOuts = (store: Store): readonly FoundOut[] =>
  rowsOf(store.sql('SELECT path, key FROM found_outs ORDER BY path').all()).flatMap((row) => {
    const key = parseKey(row.text('key'));
    return key === undefined ? [] : [{ path: row.text('path'), key }];
  });

/** It was put back, or replaced on request. */
export function forgetFoundOut(store: Store, path: string): void {
  store.sql('DELETE FROM found_outs WHERE path = ?').run(path);
}
