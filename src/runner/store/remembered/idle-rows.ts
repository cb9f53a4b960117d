import { rowOf } from '../database/row.ts';
import { type Store, unlessDiskFails } from '../database/open-store.ts';

/**
 * The record that a run with nothing to do left for the next one like it; deleted when a row that it read
 * changes.
 */
export function findIdle(store: Store, request: string): string | undefined {
  const record = rowOf(store.sql('SELECT record FROM idle WHERE request = ?').get(request))?.text('record');
  return record === '' ? undefined : record;
}

/**
 * To be called before anything is read that a record is to follow from: `fillIdle` finds no row if something
 * read was changed meanwhile.
 */
export function reserveIdle(store: Store, request: string): void {
  unlessDiskFails(() =>
    store.sql("INSERT OR REPLACE INTO idle (request, record) VALUES (?, '')").run(request),
  );
}

/** Fills in the record that `reserveIdle` made room for; errors of SQLite are ignored. */
export function fillIdle(store: Store, request: string, record: string): void {
  unlessDiskFails(() =>
    store.sql("UPDATE idle SET record = ? WHERE request = ? AND record = ''").run(record, request),
  );
}
