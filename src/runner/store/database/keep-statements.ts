import type Sqlite from 'better-sqlite3';

/**
 * Keeps a database and its statements for as long as the process lives, where freeing one ends the process:
 * from Node 24.19 on, when V8 collects an object of better-sqlite3 12 while no script runs, Node aborts
 * ("Assertion failed: (env) != nullptr"). Version 13 of better-sqlite3 does not, and needs Node 22.
 */
export function keepStatements(
  database: Sqlite.Database,
  version: string = process.versions.node,
): Sqlite.Database {
  if (!abortsOnFree(version)) return database;
  const prepare = database.prepare.bind(database);
  const prepareAndKeep = (text: string): Sqlite.Statement => {
    const statement = prepare(text);
    kept.push(statement);
    return statement;
  };
  kept.push(database);
  return Object.assign(database, {
    prepare: prepareAndKeep,
    // Its own makes a statement that nothing keeps.
    pragma(source: string, { simple = false }: Sqlite.PragmaOptions = {}): unknown {
      const statement = prepareAndKeep(`PRAGMA ${source}`);
      if (!statement.reader) return void statement.run();
      return simple ? statement.pluck().get() : statement.all();
    },
  });
}

const kept: object[] = [];

function abortsOnFree(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 19);
}
