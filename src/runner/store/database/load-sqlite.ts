import { createRequire } from 'node:module';
import type Sqlite from 'better-sqlite3';

interface LoadedSqlite {
  readonly Database: typeof Sqlite;
  /** The path of its native part. */
  readonly nativeBinding: string;
}

/** Loads better-sqlite3 when it is needed, without the search for its native part that it makes itself. */
export function loadSqlite(): LoadedSqlite {
  const require = createRequire(import.meta.url);
  return {
    Database: require('better-sqlite3'),
    nativeBinding: require.resolve('better-sqlite3/build/Release/better_sqlite3.node'),
  };
}
