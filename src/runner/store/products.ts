import type { Store } from './database/open-store.ts';
import { rowsOf } from './database/row.ts';

/** A stage of a pipeline: another pipeline of the project may have one of the same name. */
interface StageName {
  readonly pipeline: string;
  readonly stage: string;
}

/**
 * Records paths that did not exist when an attempt of a stage began: a file that appears there is the stage's
 * output. Recorded before the attempt, so that it is known while it runs, and after a kill.
 */
export function noteAbsent(store: Store, { pipeline, stage }: StageName, paths: readonly string[]): void {
  for (const path of paths)
    store
      .sql('INSERT OR IGNORE INTO products (pipeline, stage, path) VALUES (?, ?, ?)')
      .run(pipeline, stage, path);
}

/** Forgets paths at which nothing came into being. */
export function forgetAbsent(store: Store, { pipeline, stage }: StageName, paths: readonly string[]): void {
  for (const path of paths)
    store
      .sql('DELETE FROM products WHERE pipeline = ? AND stage = ? AND path = ?')
      .run(pipeline, stage, path);
}

/** The files that came into being while each stage of a pipeline ran. */
export function productsOf(store: Store, pipeline: string): (stage: string, path: string) => boolean {
  const known = new Set(
    rowsOf(store.sql('SELECT stage, path FROM products WHERE pipeline = ?').all(pipeline)).map(
      (row) => `${row.text('stage')}\0${row.text('path')}`,
    ),
  );
  return (stage, path) => known.has(`${stage}\0${path}`);
}
