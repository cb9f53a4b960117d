import { parseDigest } from '../../files/digest.ts';
import { isJsonObject, type Json, jsonIn, parseJson } from '../../files/json.ts';
import type { Origin } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import { parseKey } from '../manifest/key-of.ts';
import { type Content, type Manifest, parseForm } from '../manifest/manifest.ts';
import { lastKey, parseManifest } from './last-results.ts';
import { committed, type Store } from './database/open-store.ts';
import { type Row, rowOf, rowsOf } from './database/row.ts';
import { dayMilliseconds } from './uses.ts';

/** A finished result and what it was made from. */
export interface FinishedResult {
  readonly entry: Entry;
  readonly manifest: Manifest;
  readonly run: string;
  readonly seconds: number;
  readonly at: number;
  /** Of a result that was made elsewhere. */
  readonly origin?: Origin | undefined;
}

/** The finished result under a key, if there is one. */
export function findEntry(store: Store, key: Key): FinishedResult | undefined {
  const row = rowOf(
    store
      .sql(
        `SELECT outs, manifest, run, seconds, created_at, adopted, origin, dropped
          FROM entries WHERE key = ?`,
      )
      .get(key),
  );
  const outs = row && parseOuts(row.text('outs'));
  // A damaged row counts as no result.
  if (row === undefined || outs === undefined) return undefined;
  return {
    entry: {
      key,
      outs,
      ...(row.number('adopted') === 0 ? {} : { adopted: true as const }),
      ...droppedIn(row),
    },
    run: row.text('run'),
    seconds: row.number('seconds'),
    at: row.number('created_at'),
    origin: parseOrigin(row.optionalText('origin')),
    // Parsed on access: a run with nothing to do reads thousands of entries.
    get manifest() {
      const manifest = parseManifest(row.text('manifest'));
      if (manifest === undefined) throw new Error(`the manifest of the entry ${key} is damaged`);
      return manifest;
    },
  };
}

/**
 * Writes the row of a finished result: its objects, and their names, are on the disk already. Returns when
 * the row is, too.
 */
export function publishEntry(
  store: Store,
  { entry, manifest, run, seconds, at, origin }: FinishedResult,
): void {
  const { key, outs, adopted = false } = entry;
  // It is hours of work.
  committed(store, () =>
    store
      .sql(
        `INSERT OR REPLACE INTO entries (key, manifest, outs, run, seconds, created_at, adopted, origin)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        key,
        JSON.stringify(manifest),
        JSON.stringify(outs),
        run,
        seconds,
        at,
        adopted ? 1 : 0,
        origin === undefined ? null : JSON.stringify(origin),
      ),
  );
}

/** The result was computed by a run. */
export function markComputed(store: Store, key: Key): void {
  store.sql('UPDATE entries SET adopted = 0 WHERE key = ?').run(key);
  // What gathers it counts this.
  store.sql('DELETE FROM idle').run();
}

/**
 * Writes down which outs of a result have no bytes here any more, before they go, or once they are back. On
 * the disk when it returns.
 */
export function recordDropped(store: Store, key: Key, outs: readonly string[]): void {
  committed(store, () => {
    store.sql('DELETE FROM idle').run();
    store
      .sql('UPDATE entries SET dropped = ? WHERE key = ?')
      .run(outs.length === 0 ? null : JSON.stringify(outs), key);
  });
}

/** The entry of the last result of an instance, where it is in the cache. */
export function lastEntry(store: Store, pipeline: string, instance: InstanceId): Entry | undefined {
  const key = parseKey(lastKey(store, pipeline, instance) ?? '');
  return key && findEntry(store, key)?.entry;
}

function droppedIn(row: Row): Pick<Entry, 'dropped'> {
  const text = row.optionalText('dropped');
  const names = text === undefined ? undefined : jsonIn(text);
  return Array.isArray(names) ? { dropped: names.map(String) } : {};
}

/** Deletes the row of a result; its objects are left to the caller. */
export function deleteEntry(store: Store, key: Key): void {
  store.sql('DELETE FROM entries WHERE key = ?').run(key);
  store.sql('DELETE FROM uses WHERE key = ?').run(key);
}

/** A result as garbage collection sees it. */
interface StoredEntry {
  readonly entry: Entry;
  readonly run: string;
  /** When it was last made or used, in days since 1970 (UTC). */
  readonly lastUse: number;
}

/** Every entry: what garbage collection chooses from. */
export function allEntries(store: Store): readonly StoredEntry[] {
  const rows = store
    .sql(
      `SELECT key, outs, run, dropped, max(created_at / ${dayMilliseconds}, coalesce(day, 0)) AS last_use
        FROM entries LEFT JOIN uses USING (key)`,
    )
    .all();
  return rowsOf(rows).flatMap((row) => {
    const key = parseKey(row.text('key'));
    const outs = parseOuts(row.text('outs'));
    return key === undefined || outs === undefined
      ? []
      : [{ entry: { key, outs, ...droppedIn(row) }, run: row.text('run'), lastUse: row.number('last_use') }];
  });
}

function parseOrigin(text: string | undefined): Origin | undefined {
  const value = text === undefined ? undefined : jsonIn(text);
  if (!isJsonObject(value)) return undefined;
  const { signer, host, remote, at, seconds } = value;
  return typeof signer === 'string' &&
    typeof host === 'string' &&
    typeof remote === 'string' &&
    typeof at === 'number' &&
    typeof seconds === 'number'
    ? { signer, host, remote, at, seconds }
    : undefined;
}

/** Parses the outs of an entry as `publishEntry` wrote them; undefined if the text is malformed. */
export function parseOuts(text: string): Readonly<Record<string, Content>> | undefined {
  const outs = parseJson(text, '');
  if (!outs.ok || !isJsonObject(outs.value)) return undefined;
  const contents = Object.entries(outs.value).map(([name, value]) => [name, parseContent(value)] as const);
  const whole = contents.flatMap(([name, content]) =>
    content === undefined ? [] : [[name, content] as const],
  );
  return whole.length < contents.length ? undefined : Object.fromEntries(whole);
}

/** A digest becomes a path: it is one, or nothing. */
function parseContent(value: Json): Content | undefined {
  if (!isJsonObject(value)) return undefined;
  const digest = parseDigest(String(value['digest']));
  const form = parseForm(value['form']);
  return digest.ok && form !== undefined ? { form, digest: digest.value } : undefined;
}
