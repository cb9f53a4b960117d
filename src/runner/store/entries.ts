import { parseDigest } from '../../files/digest.ts';
import { isJsonObject, type Json } from '../../files/json.ts';
import type { InstanceId, Key, RunId } from '../identity.ts';
import type { Entry } from '../manifest/decide.ts';
import { parseKey } from '../manifest/key-of.ts';
import type { Content, Manifest } from '../manifest/manifest.ts';
import type { Store } from './open-store.ts';
import { rowOf, rowsOf } from './row.ts';

/** A finished result and what it was made from. */
export interface FinishedResult {
  readonly entry: Entry;
  readonly manifest: Manifest;
  readonly run: RunId;
  readonly seconds: number;
  readonly at: number;
}

/** The finished result under a key, if there is one. */
export function findEntry(store: Store, key: Key): Entry | undefined {
  const row = rowOf(store.sql('SELECT outs FROM entries WHERE key = ?').get(key));
  return row && { key, outs: parseOuts(row.text('outs')) };
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

/** The last finished result of an instance, whatever its key. */
export function lastResult(
  store: Store,
  pipeline: string,
  instance: InstanceId,
): { readonly key: Key; readonly manifest: Manifest; readonly at: number } | undefined {
  const row = rowOf(
    store
      .sql('SELECT key, manifest, at FROM results WHERE pipeline = ? AND instance = ?')
      .get(pipeline, instance),
  );
  const key = row && parseKey(row.text('key'));
  return row && key && { key, manifest: parseManifest(row.text('manifest')), at: row.number('at') };
}

/** Whether an instance ever had a result. */
export const hasResult = (store: Store, pipeline: string, instance: InstanceId): boolean =>
  store.sql('SELECT 1 FROM results WHERE pipeline = ? AND instance = ?').get(pipeline, instance) !==
  undefined;

/** The keys of the last finished results of a pipeline's instances. */
export function lastKeys(store: Store, pipeline: string): ReadonlyMap<string, string> {
  return new Map(
    rowsOf(store.sql('SELECT instance, key FROM results WHERE pipeline = ?').all(pipeline)).map((row) => [
      row.text('instance'),
      row.text('key'),
    ]),
  );
}

/** The keys of a pipeline's last results by the text of their manifests, as JSON has it. */
export function keysByManifest(store: Store, pipeline: string): ReadonlyMap<string, Key> {
  return new Map(
    rowsOf(store.sql('SELECT key, manifest FROM results WHERE pipeline = ?').all(pipeline)).flatMap((row) => {
      const key = parseKey(row.text('key'));
      return key === undefined ? [] : [[row.text('manifest'), key]];
    }),
  );
}

/** How long an instance of each stage took, in the mean of their last results. */
export function meanSeconds(store: Store, pipeline: string): Readonly<Record<string, number>> {
  const rows = rowsOf(
    store
      .sql(
        "SELECT substr(instance, 1, instr(instance || '[', '[') - 1) AS stage, avg(seconds) AS seconds FROM results JOIN entries USING (key) WHERE pipeline = ? GROUP BY 1",
      )
      .all(pipeline),
  );
  return Object.fromEntries(rows.map((row) => [row.text('stage'), row.number('seconds')]));
}

export function recordResult(
  store: Store,
  pipeline: string,
  instance: InstanceId,
  result: { readonly key: Key; readonly manifest: Manifest; readonly run: RunId; readonly at: number },
): void {
  store
    .sql(
      'INSERT OR REPLACE INTO results (pipeline, instance, key, manifest, run, at) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(pipeline, instance, result.key, JSON.stringify(result.manifest), result.run, result.at);
}

/** Whether a result was once finished under a key: if it has no entry now, that was collected. */
export function wasFinished(store: Store, key: Key): boolean {
  return store.sql('SELECT 1 FROM results WHERE key = ? LIMIT 1').get(key) !== undefined;
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
  return { form: formOf(value['form']), digest: digest.value };
}

export function formOf(form: unknown): Content['form'] {
  if (form === 'file' || form === 'executable' || form === 'folder') return form;
  throw new Error(`an entry of an unknown form: ${String(form)}`);
}

/** A manifest that `recordResult` wrote; one of another format differs in its first field and is only shown. */
function parseManifest(text: string): Manifest {
  const manifest: Manifest = JSON.parse(text);
  return manifest;
}
