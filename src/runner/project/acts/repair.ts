import type { Result } from '../../../result.ts';
import type { Problem } from '../../answers/problem.ts';
import { dropRows, storeDamage } from '../../cache/damaged-rows.ts';
import type { Opened } from '../open-rows.ts';
import { locked } from './locked.ts';

/**
 * Drops the unreadable rows of the store: their content is computed or fetched again. Returns their number.
 */
export async function repair(opened: Opened): Promise<Result<number, Problem>> {
  return locked(opened, 0, new AbortController().signal, async () => {
    const { rows } = storeDamage(opened.store);
    dropRows(opened.store, rows);
    return { ok: true, value: rows.length };
  });
}
