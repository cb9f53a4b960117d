import { isUtf8 } from 'node:buffer';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects, toJson } from 'hyparquet';
import type { JsonObject } from '../../src/files/json.ts';
import type { Result } from '../../src/result.ts';
import type { RawItem } from './raw-record.ts';

/** The records of a Parquet file, or why it cannot be read. Compression: none or Snappy. */
export async function parquetRecords(bytes: Uint8Array): Promise<Result<readonly RawItem[]>> {
  let failed = false;
  try {
    const metadata = await parquetMetadataAsync(bufferOf(bytes, () => false));
    const records = await parquetReadObjects({
      file: bufferOf(bytes, () => failed),
      metadata,
      parsers: { stringFromBytes },
    });
    return { ok: true, value: records.map((record, index) => itemOf(record, index + 1)) };
  } catch (error) {
    failed = true;
    return {
      ok: false,
      error: `is not a Parquet file that can be read: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

/**
 * Bytes as hyparquet asks for them. It starts all columns before it looks whether they fit the schema, and forgets those
 * that it started when one does not: a column that then failed by itself would end the process. So bytes come a turn of
 * the event loop later, and once reading has failed they never come.
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

/** A text that is not UTF-8 stays bytes, which `itemOf` sees. A damaged dictionary gives no bytes at all. */
const stringFromBytes = (bytes: Uint8Array | undefined): string | Uint8Array | undefined =>
  bytes !== undefined && isUtf8(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
    : bytes;

function itemOf(record: Readonly<Record<string, unknown>>, line: number): RawItem {
  const broken = Object.keys(record).find((name) => record[name] instanceof Uint8Array);
  if (broken !== undefined)
    return { kind: 'bad', line, reason: 'not UTF-8', detail: `"${broken}" is not UTF-8` };
  const values: JsonObject = JSON.parse(JSON.stringify(toJson(record)));
  return { kind: 'record', line, values };
}
