import { isUtf8 } from 'node:buffer';
import type { AsyncBuffer } from 'hyparquet';
import type { ExactJson } from '../../src/files/exact-json.ts';
import type { Result } from '../../src/result.ts';
import type { ChooseColumns, RawItem, Unreadable } from './raw-record.ts';

/**
 * The records of a Parquet file, or why it cannot be read. Only the columns that `choose` names are read, in
 * any compression that Parquet has. The reader is loaded where such a file is there.
 */
export async function parquetRecords(
  bytes: Uint8Array,
  choose: ChooseColumns,
): Promise<Result<readonly RawItem[]>> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  let failed = false;
  try {
    const metadata = await parquetMetadataAsync(bufferOf(bytes, () => false));
    const columns = choose(topLevelNames(metadata.schema));
    if (!columns.ok) return { ok: true, value: [{ ...columns.error, line: 1 }] };
    const records = await parquetReadObjects({
      file: bufferOf(bytes, () => failed),
      metadata,
      columns: [...columns.value],
      compressors,
      parsers: { stringFromBytes },
    });
    return { ok: true, value: records.map((record, index) => recordOf(record, index + 1)) };
  } catch (error) {
    failed = true;
    return {
      ok: false,
      error:
        'is not a Parquet file that can be read: ' +
        `${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

interface SchemaElement {
  readonly name: string;
  readonly num_children?: number;
}

/** The schema is a tree in preorder under a root: a top-level column is followed by all that is below it. */
function topLevelNames(schema: readonly SchemaElement[]): readonly string[] {
  const names: string[] = [];
  for (let at = 1; at < schema.length;) {
    const element = schema[at];
    if (element === undefined) break;
    names.push(element.name);
    for (let below = 1; below > 0 && at < schema.length; at += 1)
      below += (schema[at]?.num_children ?? 0) - 1;
  }
  return names;
}

/**
 * Bytes as hyparquet requests them. It starts all columns before it checks whether they fit the schema, and
 * forgets them when one does not: a column that then failed by itself would end the process. So bytes are
 * delivered one turn of the event loop later, and never after reading has failed.
 */
const bufferOf = (bytes: Uint8Array, isGivenUp: () => boolean): AsyncBuffer => ({
  byteLength: bytes.length,
  slice: (start, end) =>
    new Promise((resolve) => {
      setImmediate(() => {
        if (!isGivenUp()) resolve(new Uint8Array(bytes.subarray(start, end)).buffer);
      });
    }),
});

/**
 * A text that is not UTF-8 stays bytes, which `recordOf` sees. A damaged dictionary gives no bytes at all.
 */
const stringFromBytes = (bytes: Uint8Array | undefined): string | Uint8Array | undefined =>
  bytes !== undefined && isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    : bytes;

function recordOf(record: Readonly<Record<string, unknown>>, line: number): RawItem {
  const broken = Object.keys(record).filter((name) => holdsBytes(record[name]));
  return {
    kind: 'record',
    line,
    values: Object.fromEntries(Object.entries(record).map(([name, value]) => [name, exactValue(value)])),
    unreadable: new Map(
      broken.map((name): [string, Unreadable] => [
        name,
        { reason: 'not UTF-8', detail: `"${name}" is not UTF-8` },
      ]),
    ),
  };
}

const holdsBytes = (value: unknown): boolean =>
  value instanceof Uint8Array ||
  (typeof value === 'object' && value !== null && Object.values(value).some(holdsBytes));

/** As JSON has it: dates by their text, bytes by how many they are, integers exactly. */
function exactValue(value: unknown): ExactJson {
  if (value === undefined || value === null) return null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(exactValue);
  return typeof value === 'object'
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, exactValue(member)]))
    : String(value);
}
