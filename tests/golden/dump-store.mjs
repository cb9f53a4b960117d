/**
 * node tests/golden/dump-store.mjs PROJECT: the store of a project as SQL text, without what only saves work
 * (stats, idle, plans) and so holds paths of the machine. cache-0.1.0.sql was made of a project whose cache
 * version 0.1.0 wrote.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';

const database = new Database(join(process.argv[2] ?? '.', 'cache/pipeline.sqlite'), { readonly: true });
const literal = (value) =>
  value === null
    ? 'NULL'
    : typeof value === 'number'
      ? String(value)
      : `'${String(value).replaceAll("'", "''")}'`;
const schema = database.prepare(
  "SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL " +
    "ORDER BY type = 'trigger', type = 'index'",
);
const lines = [`PRAGMA user_version = ${database.pragma('user_version', { simple: true })};`];
for (const { name, type, sql } of schema.all()) {
  lines.push(`${sql};`);
  if (type !== 'table' || ['stats', 'idle', 'plans', 'holder'].includes(name)) continue;
  for (const row of database.prepare(`SELECT * FROM ${name}`).raw().all())
    lines.push(`INSERT INTO ${name} VALUES (${row.map(literal).join(', ')});`);
}
process.stdout.write(`${lines.join('\n')}\n`);
