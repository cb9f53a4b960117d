import { copyFileSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { inProcess, type InProcess } from '../rig/in-process.ts';
import { openDatabase } from '../rig/open-database.ts';

const open = (file: string): Sqlite.Database => openDatabase(file);

/** A project that has run: a folder, a file made from it, and an out of the workspace. */
async function made(): Promise<InProcess> {
  const project = inProcess();
  project.write({
    'rows/a.txt': 'x',
    'pipeline.yaml': {
      stages: {
        a: {
          cmd: 'mkdir -p ${outs.o}; cp ${deps.rows}/a.txt ${outs.o}/a.txt',
          deps: { rows: 'rows' },
          outs: { o: 'o' },
        },
        b: { cmd: 'cat ${deps.o}/a.txt > ${outs.p}', deps: { o: { from: 'a', out: 'o' } }, outs: { p: 'p' } },
        c: { uses: 'c.ts', outs: { q: 'q' } },
      },
    },
    'c.ts':
      `import { writeFile } from 'node:fs/promises';\n` +
      `export const stage = { params: {}, deps: [], outs: ['q'], packages: [], run: ({ outs }) => ` +
      `writeFile(outs.q, 'q') };\n`,
  });
  // Old enough for the stat cache to keep them.
  for (const file of ['rows/a.txt', 'c.ts', 'pipeline.yaml'])
    utimesSync(join(project.root, file), new Date(1e12), new Date(1e12));
  expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
  return project;
}

const databaseOf = (project: InProcess): string => join(project.root, 'cache/pipeline.sqlite');

/** Every column of text in which there is a row, by its table. */
function columns(file: string): readonly (readonly [table: string, column: string])[] {
  const database = open(file);
  const found = database
    .prepare(
      'SELECT m.name AS name, p.name AS field FROM sqlite_schema m JOIN ' +
        "pragma_table_info(m.name) p WHERE m.type = 'table' AND p.type = 'TEXT'",
    )
    .all() as readonly { readonly name: string; readonly field: string }[];
  const filled = found.filter(
    ({ name, field }) =>
      database.prepare(`SELECT 1 FROM ${name} WHERE length(${field}) > 0 LIMIT 1`).get() !== undefined,
  );
  database.close();
  return filled.map(({ name, field }) => [name, field]);
}

/** Changes one character in a cell of the first row. */
function flip(file: string, table: string, column: string, at: (length: number) => number): void {
  const database = open(file);
  const row = database
    .prepare(`SELECT ${column} AS text FROM ${table} WHERE length(${column}) > 0 LIMIT 1`)
    .get() as {
    readonly text: string;
  };
  const place = at(row.text.length);
  const changed = `${row.text.slice(0, place)}${row.text[place] === '~' ? '!' : '~'}${row.text.slice(place + 1)}`;
  database.prepare(`UPDATE OR REPLACE ${table} SET ${column} = ? WHERE ${column} = ?`).run(changed, row.text);
  database.close();
}

describe('one changed character in a row', () => {
  test('in any row: every command answers, and a run is correct', async () => {
    using project = await made();
    const file = databaseOf(project);
    open(file).close();
    const kept = join(project.root, '../kept.sqlite');
    copyFileSync(file, kept);
    const answered: string[] = [];
    for (const [table, column] of columns(kept)) {
      for (const at of [() => 0, (length: number) => length >> 1]) {
        for (const name of readdirSync(join(project.root, 'cache')))
          if (name.startsWith('pipeline.sqlite')) rmSync(join(project.root, 'cache', name));
        copyFileSync(kept, file);
        flip(file, table, column, at);
        const [status, verified, metrics] = await project.ask(async (asked) => [
          await asked.status({ patterns: [], mode: 'needs' }),
          await asked.verify(),
          await asked.metrics({ patterns: [], mode: 'needs' }),
        ]);
        const { problem, outcomes } = await project.run();
        expect({ table, column, problem, failed: Object.values(outcomes).includes('failed') }).toEqual({
          table,
          column,
          problem: undefined,
          failed: false,
        });
        expect([status?.ok, verified?.ok, metrics?.ok]).toEqual([true, true, true]);
        answered.push(`${table}.${column}`);
        expect(readFileSync(join(project.root, 'artifacts/pipeline/b/p'), 'utf8')).toBe('x');
      }
    }
    rmSync(kept);
    expect(new Set(answered).size).toBeGreaterThan(20);
  }, 240_000);

  test.each([
    ['entries', 'outs', (text: string) => text.replace('"folder"', '"fodder"')],
    ['entries', 'manifest', (text: string) => text.replace('"rows"', '"rowz"')],
    ['results', 'manifest', (text: string) => text.slice(1)],
    ['placements', 'digest', (text: string) => `x${text.slice(1)}`],
    ['stats', 'stamp', (text: string) => text.replace(':', ';')],
    ['events', 'body', (text: string) => text.slice(0, -1)],
    ['attempts', 'key', (text: string) => `x${text.slice(1)}`],
    ['runs', 'counts', (text: string) => text.slice(1)],
    ['checked', 'digest', (text: string) => `x${text.slice(1)}`],
  ])(
    'verify names the row of %s whose %s is damaged, --repair drops it, and a run is correct',
    async (table, column, damage) => {
      using project = await made();
      const database = open(databaseOf(project));
      const row = database
        .prepare(`SELECT ${column} AS text FROM ${table} WHERE ${column} LIKE ? OR ? LIMIT 1`)
        .get(table === 'entries' ? '%folder%rows%' : '%', table === 'entries' ? 0 : 1) as
        | { readonly text: string }
        | undefined;
      const text =
        row?.text ??
        (
          database
            .prepare(`SELECT ${column} AS text FROM ${table} WHERE ${column} LIKE '%folder%'`)
            .get() as { readonly text: string }
        ).text;
      database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`).run(damage(text), text);
      database.close();
      const faults = async (): Promise<readonly string[]> => {
        const verified = await project.ask((asked) => asked.verify());
        return verified.ok
          ? verified.value.faults.map(({ path }) => path).filter((path) => path.includes('table'))
          : ['?'];
      };
      expect(await faults()).toEqual([
        expect.stringContaining(`cache/pipeline.sqlite, table ${table}, row `),
      ]);
      expect(await project.ask((asked) => asked.repair())).toEqual({ ok: true, value: 1 });
      expect(await faults()).toEqual([]);
      expect((await project.run()).problem).toBeUndefined();
      expect(project.read('artifacts/pipeline/b/p')).toBe('x');
    },
  );

  test.each([
    ['attempts', 'ended'],
    ['outcomes', 'kind'],
  ])(
    'verify names every row of %s whose %s is not a known word, and --repair drops them',
    async (table, column) => {
      using project = await made();
      const database = open(databaseOf(project));
      database.prepare(`UPDATE ${table} SET ${column} = 'other'`).run();
      database.close();
      expect(await project.ask((asked) => asked.repair())).toEqual({ ok: true, value: 3 });
      expect(await project.ask((asked) => asked.repair())).toEqual({ ok: true, value: 0 });
      expect((await project.run()).problem).toBeUndefined();
    },
  );

  test.each([0, -1])('a schema of version %s beside rows is reported as damage', async (version) => {
    using project = await made();
    const database = open(databaseOf(project));
    database.pragma(`user_version = ${version}`);
    database.close();
    expect((await project.run()).problem).toContain('damaged');
    const status = await project.ask((asked) => asked.status({ patterns: [], mode: 'needs' }));
    expect(status.ok || status.error.kind).toBe('damaged');
  });
});
