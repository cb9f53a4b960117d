import { inflateSync } from 'node:zlib';
import { digestOf, parseDigest } from '../../files/digest.ts';
import type { Outcome } from '../event.ts';
import { parseKey, keyOf } from '../manifest/key-of.ts';
import { parseForm } from '../manifest/manifest.ts';
import { parseTree } from '../manifest/tree.ts';
import { parseStamp } from '../workspace/stamp.ts';
import { isWholePlan } from '../plan/remembered-plan.ts';
import { attemptEnds } from '../store/attempts.ts';
import { parseOuts } from '../store/entries.ts';
import { parseManifest } from '../store/last-results.ts';
import type { Store } from '../store/database/open-store.ts';
import { parseEvent } from '../store/parse-event.ts';
import { isJsonText } from '../store/remembered/program-rows.ts';
import { type Row, rowsOf } from '../store/database/row.ts';

/** A row that the runner cannot have written. */
export interface DamagedRow {
  readonly table: string;
  /** The columns that name it, and their values. */
  readonly names: Readonly<Record<string, string | number>>;
  readonly message: string;
}

/** SQLite's faults of its own file, then every row that cannot be parsed. */
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

/** Deletes damaged rows. Their content is computed or fetched again. */
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
  /** A fault of a row; undefined: none. An exception is a fault, too. */
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
    fault: (row) => (parseEvent(row.text('body')) === undefined ? 'it is not an event' : undefined),
  },
  {
    name: 'listings',
    keys: ['digest'],
    fault: (row) =>
      parseTree(inflateSync(row.bytes('text')).toString('utf8')).ok ? undefined : 'it is not a list of files',
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
  {
    name: 'attempts',
    keys: ['run', 'instance', 'attempt'],
    fault: (row) =>
      parseKey(row.text('key')) === undefined
        ? 'its key cannot be read'
        : isOneOf(row.optionalText('ended'), [undefined, ...attemptEnds])
          ? undefined
          : 'its ending is unknown',
  },
  {
    name: 'outcomes',
    keys: ['pipeline', 'instance'],
    fault: (row) => (isOneOf(row.text('kind'), outcomeKinds) ? undefined : 'it is not an outcome'),
  },
  {
    name: 'runs',
    keys: ['run'],
    fault: (row) => (isJsonText(row.optionalText('counts') ?? '{}') ? undefined : 'its counts are not JSON'),
  },
  {
    name: 'plans',
    keys: ['file'],
    fault: (row) => (isWholePlan(row.text('text')) ? undefined : 'its plan is incomplete'),
  },
  {
    name: 'checked',
    keys: ['pipeline'],
    fault: (row) => (parseDigest(row.text('digest')).ok ? undefined : 'its digest cannot be read'),
  },
  {
    name: 'idle',
    keys: ['request'],
    fault: (row) => (isWholeIdle(row.text('record')) ? undefined : 'its record is incomplete'),
  },
  {
    name: 'found_outs',
    keys: ['path'],
    fault: (row) => (parseKey(row.text('key')) === undefined ? 'its key cannot be read' : undefined),
  },
];

const outcomeKinds: readonly string[] = Object.keys({
  ran: 0,
  'up-to-date': 0,
  restored: 0,
  failed: 0,
  blocked: 0,
  skipped: 0,
  submitted: 0,
  waiting: 0,
  interrupted: 0,
} satisfies Record<Outcome['kind'], 0>);

const isOneOf = <T>(value: T, known: readonly T[]): boolean => known.includes(value);

/** Empty during the run that will fill it; afterwards its digest and, on a line of its own, its text. */
function isWholeIdle(record: string): boolean {
  const end = record.indexOf('\n');
  return record === '' || digestOf(record.slice(end + 1)) === record.slice(0, Math.max(0, end));
}

function manifestFault(key: string, text: string): string | undefined {
  const manifest = parseManifest(text);
  if (parseKey(key) === undefined || manifest === undefined) return 'its manifest or its key cannot be read';
  return keyOf(manifest) === key ? undefined : 'its manifest does not match its key';
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
