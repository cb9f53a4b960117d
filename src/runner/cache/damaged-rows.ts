import { inflateSync } from 'node:zlib';
import { parseDigest } from '../../files/digest.ts';
import { parseKey, keyOf } from '../manifest/key-of.ts';
import { parseForm } from '../manifest/manifest.ts';
import { parseTree } from '../manifest/tree.ts';
import { parseStamp } from '../workspace/stamp.ts';
import { parseOuts } from '../store/entries.ts';
import { parseManifest } from '../store/last-results.ts';
import type { Store } from '../store/open-store.ts';
import { parseEvent } from '../store/parse-event.ts';
import { isJsonText } from '../store/remembered/program-rows.ts';
import { type Row, rowsOf } from '../store/row.ts';

/** A row that says what the runner cannot have written. */
export interface DamagedRow {
  readonly table: string;
  /** The columns that name it, and their values. */
  readonly names: Readonly<Record<string, string | number>>;
  readonly message: string;
}

/**
 * What SQLite finds wrong with its own file, then every row that cannot be read as what it was written as.
 */
export function storeDamage(store: Store): {
  readonly file: readonly string[];
  readonly rows: readonly DamagedRow[];
} {
  const answer: unknown = store.database.pragma('integrity_check(20)');
  const found = rowsOf(Array.isArray(answer) ? answer : [])
    .map((row) => row.text('integrity_check'))
    .filter((message) => message !== 'ok');
  return { file: found, rows: found.length > 0 ? [] : tables.flatMap((table) => damagedIn(store, table)) };
}

/** Deletes damaged rows: what they said is computed or looked up again. */
export function dropRows(store: Store, rows: readonly DamagedRow[]): void {
  const drop = store.database.transaction(() => {
    for (const { table, names } of rows) {
      const where = Object.keys(names).map((name) => `${name} IS ?`);
      store.sql(`DELETE FROM ${table} WHERE ${where.join(' AND ')}`).run(...Object.values(names));
    }
  });
  drop();
}

interface Table {
  readonly name: string;
  readonly keys: readonly string[];
  /** What is wrong with a row; undefined: nothing. What it throws is wrong, too. */
  readonly fault: (row: Row) => string | undefined;
}

const tables: readonly Table[] = [
  {
    name: 'entries',
    keys: ['key'],
    fault: (row) =>
      parseOuts(row.text('outs')) === undefined
        ? 'its outs cannot be read'
        : manifestFault(row.text('key'), row.text('manifest')),
  },
  {
    name: 'results',
    keys: ['pipeline', 'instance'],
    fault: (row) => manifestFault(row.text('key'), row.text('manifest')),
  },
  {
    name: 'placements',
    keys: ['path'],
    fault: (row) =>
      parseForm(row.text('form')) !== undefined && parseDigest(row.text('digest')).ok
        ? undefined
        : 'its content cannot be read',
  },
  {
    name: 'stats',
    keys: ['path'],
    fault: (row) =>
      parseStamp(row.text('stamp')) !== undefined && parseDigest(row.text('digest')).ok
        ? undefined
        : 'its stamp or its digest cannot be read',
  },
  {
    name: 'events',
    keys: ['run', 'sequence'],
    fault: (row) => (parseEvent(row.text('body')) === undefined ? 'it is no event' : undefined),
  },
  {
    name: 'listings',
    keys: ['digest'],
    fault: (row) =>
      parseTree(inflateSync(row.bytes('text')).toString('utf8')).ok ? undefined : 'it is no list of files',
  },
  {
    name: 'bundles',
    keys: ['path'],
    fault: (row) => (isJsonText(row.text('record')) ? undefined : 'it is not JSON'),
  },
  {
    name: 'programs',
    keys: ['digest'],
    fault: (row) => (isJsonText(row.text('description')) ? undefined : 'it is not JSON'),
  },
];

function manifestFault(key: string, text: string): string | undefined {
  const manifest = parseManifest(text);
  if (parseKey(key) === undefined || manifest === undefined) return 'its manifest or its key cannot be read';
  return keyOf(manifest) === key ? undefined : 'its manifest is not that of its key';
}

function damagedIn(store: Store, { name, keys, fault }: Table): readonly DamagedRow[] {
  return rowsOf(store.sql(`SELECT * FROM ${name}`).all()).flatMap((row): readonly DamagedRow[] => {
    const message = faultOf(row, fault);
    return message === undefined
      ? []
      : [{ table: name, names: Object.fromEntries(keys.map((key) => [key, row.name(key)])), message }];
  });
}

function faultOf(row: Row, fault: Table['fault']): string | undefined {
  try {
    return fault(row);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
