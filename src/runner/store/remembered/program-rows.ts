import type { Digest } from '../../../files/digest.ts';
import { type Json, parseJson } from '../../../files/json.ts';
import type { Store } from '../database/open-store.ts';
import { rowOf } from '../database/row.ts';

/** What the bundle of a stage program was made from, as `execute` wrote it. */
export function bundleRecord(store: Store, path: string): Json | undefined {
  const row = rowOf(store.sql('SELECT record FROM bundles WHERE path = ?').get(path));
  return row && parsed(row.text('record'));
}

/** Replaces the record of the bundle at `path`, stored as JSON. */
export function recordBundle(store: Store, path: string, record: unknown): void {
  store.sql('INSERT OR REPLACE INTO bundles (path, record) VALUES (?, ?)').run(path, JSON.stringify(record));
}

/** The description that a bundle gave when it was evaluated. */
export function programDescription(store: Store, digest: Digest): Json | undefined {
  const row = rowOf(store.sql('SELECT description FROM programs WHERE digest = ?').get(digest));
  return row && parsed(row.text('description'));
}

/** Replaces the description of the bundle with this digest, stored as JSON. */
export function recordDescription(store: Store, digest: Digest, description: unknown): void {
  store
    .sql('INSERT OR REPLACE INTO programs (digest, description) VALUES (?, ?)')
    .run(digest, JSON.stringify(description));
}

/** Whether the checks of a pipeline passed for just this: the digest of all that they read. */
export function isChecked(store: Store, pipeline: string, digest: Digest): boolean {
  return (
    rowOf(store.sql('SELECT digest FROM checked WHERE pipeline = ?').get(pipeline))?.text('digest') === digest
  );
}

/** Records that the checks of a pipeline passed for this digest, in place of the one before. */
export function recordChecked(store: Store, pipeline: string, digest: Digest): void {
  store.sql('INSERT OR REPLACE INTO checked (pipeline, digest) VALUES (?, ?)').run(pipeline, digest);
}

function parsed(text: string): Json | undefined {
  const value = parseJson(text, '');
  return value.ok ? value.value : undefined;
}

/** Whether `parseJson` accepts a text. */
export const isJsonText = (text: string): boolean => parsed(text) !== undefined;
