import { parseDigest } from '../../files/digest.ts';
import { isJsonObject, type Json } from '../../files/json.ts';
import type { Key } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import { parseKey } from '../manifest/key-of.ts';
import { type Content, type Manifest, parseForm } from '../manifest/manifest.ts';
import { parseManifest } from './last-results.ts';
import type { Store } from './open-store.ts';
import { rowOf, rowsOf } from './row.ts';

/** A finished result and what it was made from. */
export interface FinishedResult {
  readonly entry: Entry;
  readonly manifest: Manifest;
  readonly run: string;
  readonly seconds: number;
  readonly at: number;
}

/** The finished result under a key, if there is one. */
export function findEntry(store: Store, key: Key): FinishedResult | undefined {
  const row = rowOf(
    store.sql('SELECT outs, manifest, run, seconds, created_at FROM entries WHERE key = ?').get(key),
  );
  if (row === undefined) return undefined;
  return {
    entry: { key, outs: parseOuts(row.text('outs')) },
    run: row.text('run'),
    seconds: row.number('seconds'),
    at: row.number('created_at'),
    // Parsed where it is asked for: a run with nothing to do finds thousands of entries.
    get manifest() {
      return parseManifest(row.text('manifest'));
    },
  };
}

/** Writes the row of a finished result: its objects, and their names, are on the disk already. Returns when the row is, too. */
export function publishEntry(store: Store, { entry, manifest, run, seconds, at }: FinishedResult): void {
  // Elsewhere a commit may wait for the next checkpoint of the log; this one is hours of work.
  store.database.pragma('synchronous = FULL');
  store
    .sql(
      'INSERT OR REPLACE INTO entries (key, manifest, outs, run, seconds, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(entry.key, JSON.stringify(manifest), JSON.stringify(entry.outs), run, seconds, at);
  store.database.pragma('synchronous = NORMAL');
}

export function deleteEntry(store: Store, key: Key): void {
  store.sql('DELETE FROM entries WHERE key = ?').run(key);
}

/** Every entry: what garbage collection chooses from. */
export function allEntries(store: Store): readonly { readonly entry: Entry; readonly run: string }[] {
  return rowsOf(store.sql('SELECT key, outs, run FROM entries').all()).flatMap((row) => {
    const key = parseKey(row.text('key'));
    return key === undefined
      ? []
      : [{ entry: { key, outs: parseOuts(row.text('outs')) }, run: row.text('run') }];
  });
}

/** Rows are written by `publishEntry` alone, so their shape is that of the type; digests are checked since they become paths. */
function parseOuts(text: string): Readonly<Record<string, Content>> {
  const outs: Json = JSON.parse(text);
  return isJsonObject(outs)
    ? Object.fromEntries(Object.entries(outs).map(([name, content]) => [name, parseContent(content)]))
    : {};
}

function parseContent(value: Json): Content {
  if (!isJsonObject(value)) throw new Error('an entry without content');
  const digest = parseDigest(String(value['digest']));
  if (!digest.ok) throw new Error(digest.error);
  return { form: parseForm(value['form']), digest: digest.value };
}
