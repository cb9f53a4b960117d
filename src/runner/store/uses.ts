import type { Key } from '../identity.ts';
import type { Store } from './database/open-store.ts';

/**
 * Records the date on which a run used results: one statement, and no write for results that were used or
 * made that day already. Returns the number of written rows.
 */
export function recordUses(store: Store, keys: readonly Key[], at: number): number {
  return store
    .sql(
      `INSERT INTO uses (key, day)
       SELECT key, @day FROM entries LEFT JOIN uses USING (key)
       WHERE key IN (SELECT value FROM json_each(@keys))
         AND max(created_at / ${dayMilliseconds}, coalesce(day, 0)) < @day
       ON CONFLICT (key) DO UPDATE SET day = excluded.day`,
    )
    .run({ day: dayOf(at), keys: JSON.stringify(keys) }).changes;
}

export const dayMilliseconds = 86_400_000;

/** In days since 1970 (UTC). */
export const dayOf = (at: number): number => Math.floor(at / dayMilliseconds);
