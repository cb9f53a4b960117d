import { type Store, unlessDiskFails } from '../database/open-store.ts';
import { rowOf } from '../database/row.ts';

/** The plan that a pipeline file last gave, as `rememberPlan` wrote it. */
export const findPlan = (store: Store, file: string): string | undefined =>
  rowOf(store.sql('SELECT text FROM plans WHERE file = ?').get(file))?.text('text');

/** Replaces the plan of a pipeline file; errors of SQLite are ignored. */
export function recordPlan(store: Store, file: string, text: string): void {
  unlessDiskFails(() => store.sql('INSERT OR REPLACE INTO plans (file, text) VALUES (?, ?)').run(file, text));
}
