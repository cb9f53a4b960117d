import { openDatabase } from './open-database.ts';

/** How a prepared statement is used: `run` writes, the others read. */
type Use = 'run' | 'get' | 'all';

/** The statements of better-sqlite3: every row that the store reads or writes goes through them. */
type StatementPrototype = Record<Use, (this: { readonly source: string }, ...values: unknown[]) => unknown>;

/** Calls `told` with the text of each statement of this process before it is used; gives what ends that. */
export function watchRows(uses: readonly Use[], told: (statement: string) => void): () => void {
  const memory = openDatabase(':memory:');
  const prototype: StatementPrototype = Object.getPrototypeOf(memory.prepare('SELECT 1'));
  memory.close();
  const originals = uses.map((use) => [use, prototype[use]] as const);
  for (const [use, original] of originals) {
    prototype[use] = function (...values) {
      told(this.source.trim());
      return original.apply(this, values);
    };
  }
  return () => Object.assign(prototype, Object.fromEntries(originals));
}
