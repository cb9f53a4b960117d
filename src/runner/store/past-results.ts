import type { Value } from '../../stage/context.ts';
import type { RecordedEvent } from '../event.ts';
import type { InstanceId, Key } from '../identity.ts';
import { parseKey } from '../manifest/key-of.ts';
import { parseManifest } from './last-results.ts';
import type { Store } from './database/open-store.ts';
import { parseEvent } from './parse-event.ts';
import { rowOf, rowsOf } from './database/row.ts';

/**
 * The key of the result that an instance had when a run ended: that of its last result in this run or an
 * earlier one.
 */
export function keyAtRun(store: Store, pipeline: string, instance: InstanceId, run: string): Key | undefined {
  const row = rowOf(
    store
      .sql(
        `SELECT json_extract(body, '$.key') AS key FROM events JOIN runs USING (run)
         WHERE events.kind = 'finished' AND instance = ? AND pipeline = ?
           AND runs.rowid <= (SELECT rowid FROM runs WHERE run = ?)
           AND (json_extract(body, '$.outcome.kind') IN ('restored', 'up-to-date')
             OR json_extract(body, '$.outcome.published'))
         ORDER BY runs.rowid DESC, sequence DESC LIMIT 1`,
      )
      .get(instance, pipeline, run),
  );
  return row && parseKey(row.text('key'));
}

/** The instances that a run computed or restored, with the keys of their results. */
export function keysMadeIn(store: Store, run: string): ReadonlyMap<InstanceId, Key> {
  const made = new Map<InstanceId, Key>();
  const rows = rowsOf(
    store
      .sql(
        `SELECT body FROM events WHERE run = ? AND kind = 'finished'
           AND json_extract(body, '$.outcome.kind') IN ('ran', 'restored') ORDER BY sequence`,
      )
      .all(run),
  );
  for (const row of rows) {
    const event = parseEvent<RecordedEvent>(row.text('body'));
    if (event?.kind === 'finished' && event.key !== null) made.set(event.instance, event.key);
  }
  return made;
}

/** The params in a result's manifest; undefined when the manifest is not stored any more. */
export function paramsUnder(store: Store, key: Key): Readonly<Record<string, Value>> | undefined {
  const row = rowOf(
    store
      .sql(
        `SELECT manifest FROM entries
          WHERE key = ?
          UNION ALL SELECT manifest FROM results WHERE key = ?
          LIMIT 1`,
      )
      .get(key, key),
  );
  return row && parseManifest(row.text('manifest'))?.params;
}

/** Every instance of a pipeline that was started, has a result, or has outs in the project. */
export const knownInstances = (store: Store, pipeline: string): readonly string[] =>
  rowsOf(
    store
      .sql(
        `SELECT instance FROM results WHERE pipeline = ?
          UNION SELECT instance FROM attempts WHERE pipeline = ?
          UNION SELECT instance FROM placements WHERE pipeline = ?`,
      )
      .all(pipeline, pipeline, pipeline),
  ).map((row) => row.text('instance'));
