import type { InstanceId, Key, RunId } from '../identity.ts';
import { keyOf, parseKey } from '../manifest/key-of.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Store } from './database/open-store.ts';
import { rowOf, rowsOf } from './database/row.ts';

/** The last finished result of an instance, under any key. */
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
  const manifest = row && parseManifest(row.text('manifest'));
  return row && key && manifest && { key, manifest, at: row.number('at') };
}

/** Whether an instance ever had a result. */
export const hasResult = (store: Store, pipeline: string, instance: InstanceId): boolean =>
  store.sql('SELECT 1 FROM results WHERE pipeline = ? AND instance = ?').get(pipeline, instance) !==
  undefined;

/** Whether the last result of an instance was adopted. */
export const lastIsAdopted = (store: Store, pipeline: string, instance: InstanceId): boolean =>
  store
    .sql('SELECT 1 FROM results JOIN entries USING (key) WHERE pipeline = ? AND instance = ? AND adopted = 1')
    .get(pipeline, instance) !== undefined;

/** The key of the last finished result of an instance, as a text. */
export const lastKey = (store: Store, pipeline: string, instance: InstanceId): string | undefined =>
  rowOf(
    store.sql('SELECT key FROM results WHERE pipeline = ? AND instance = ?').get(pipeline, instance),
  )?.text('key');

/** The keys of the last finished results of a pipeline's instances. */
export function lastKeys(store: Store, pipeline: string): ReadonlyMap<string, string> {
  return new Map(
    rowsOf(store.sql('SELECT instance, key FROM results WHERE pipeline = ?').all(pipeline)).map((row) => [
      row.text('instance'),
      row.text('key'),
    ]),
  );
}

/** The instances whose last result is the one under a key. */
export const instancesOfKey = (
  store: Store,
  key: Key,
): readonly { readonly pipeline: string; readonly instance: string }[] =>
  rowsOf(store.sql('SELECT pipeline, instance FROM results WHERE key = ?').all(key)).map((row) => ({
    pipeline: row.text('pipeline'),
    instance: row.text('instance'),
  }));

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
        `SELECT substr(instance, 1, instr(instance || '[', '[') - 1) AS stage, avg(seconds) AS seconds
          FROM results JOIN entries USING (key)
          WHERE pipeline = ? AND adopted = 0
          GROUP BY 1`,
      )
      .all(pipeline),
  );
  return Object.fromEntries(rows.map((row) => [row.text('stage'), row.number('seconds')]));
}

/** From now on this is the last result of an instance. */
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

/**
 * A manifest in the stored format; one of another format differs in its first field and is only displayed.
 * Undefined for a text that is not a manifest.
 */
export function parseManifest(text: string): Manifest | undefined {
  try {
    const manifest: Manifest = JSON.parse(text);
    // Every part of it can be read.
    keyOf(manifest);
    return manifest;
  } catch {
    return undefined;
  }
}

/** Forgets the last results of all instances but these, given as "pipeline instance". */
export function forgetResults(store: Store, kept: ReadonlySet<string>): void {
  store
    .sql("DELETE FROM results WHERE pipeline || ' ' || instance NOT IN (SELECT value FROM json_each(?))")
    .run(JSON.stringify([...kept]));
}
