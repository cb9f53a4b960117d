import type { Store } from './open-store.ts';
import { rowsOf } from './row.ts';

/**
 * Notes paths at which nothing stood when an attempt of a stage began: a file that comes into being there is
 * what the stage wrote. Noted before the attempt, so that it is known while it runs, and after a kill.
 */
export function noteAbsent(store: Store, stage: string, paths: readonly string[]): void {
  for (const path of paths)
    store.sql('INSERT OR IGNORE INTO products (stage, path) VALUES (?, ?)').run(stage, path);
}

/** Forgets paths at which nothing came into being. */
export function forgetAbsent(store: Store, stage: string, paths: readonly string[]): void {
  for (const path of paths) store.sql('DELETE FROM products WHERE stage = ? AND path = ?').run(stage, path);
}

/** The files that came into being while each stage ran. */
export function productsOf(store: Store): (stage: string, path: string) => boolean {
  const known = new Set(
    rowsOf(store.sql('SELECT stage, path FROM products').all()).map(
      (row) => `${row.text('stage')}\0${row.text('path')}`,
    ),
  );
  return (stage, path) => known.has(`${stage}\0${path}`);
}
