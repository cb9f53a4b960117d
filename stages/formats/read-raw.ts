import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { type FileProblem, fileProblem } from '../../src/files/file-problem.ts';
import { walkTree } from '../../src/files/walk-tree.ts';
import type { Result } from '../../src/result.ts';
import { csvRecords } from './csv-records.ts';
import { jsonRecords } from './json-records.ts';
import { parquetRecords } from './parquet-records.ts';
import { columnsOf, type RawFormat, type RawRows, gatherRows } from './raw-rows.ts';
import type { RawItem } from './raw-record.ts';

/**
 * Reads a raw data set: a file, or a folder of files in the order of their paths; the extension tells how a file is read
 * (.csv, .parquet; .jsonl, .ndjson and .json as JSON Lines), others in a folder are passed over. What is unclean is told
 * by line, and either skipped and counted, or makes the whole data set be refused with its places (the first hundred).
 * What the filters of a format leave out is dropped in both cases.
 */
export async function readRaw(
  path: string,
  format: RawFormat,
  { onBadRow }: { readonly onBadRow: 'skip' | 'refuse' },
): Promise<Result<RawRows, readonly FileProblem[]>> {
  const files = await filesAt(path);
  if (!files.ok) return { ok: false, error: [files.error] };
  const contents: { path: string; items: Iterable<RawItem> }[] = [];
  for (const file of files.value) {
    const items = await itemsOf(file, format);
    if (!items.ok) return { ok: false, error: [items.error] };
    contents.push({ path: file, items: items.value });
  }
  const { unclean, ...gathered } = gatherRows(contents, format);
  return onBadRow === 'refuse' && unclean.length > 0
    ? { ok: false, error: unclean.slice(0, 100) }
    : { ok: true, value: gathered };
}

async function filesAt(path: string): Promise<Result<readonly string[], FileProblem>> {
  try {
    if (!(await stat(path)).isDirectory())
      return readable(path)
        ? { ok: true, value: [path] }
        : unknownKind(path, `is none of ${extensions.join(', ')}`);
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
  const entries = await walkTree(path);
  if (!entries.ok) return entries;
  const files = entries.value
    .filter((entry) => entry.kind !== 'folder' && readable(entry.path))
    .map((entry) => join(path, entry.path));
  return files.length > 0
    ? { ok: true, value: files }
    : unknownKind(path, `holds no file with one of ${extensions.join(', ')}`);
}

const extensions = ['.csv', '.jsonl', '.ndjson', '.json', '.parquet'];

const readable = (path: string): boolean => extensions.includes(extname(path).toLowerCase());

const unknownKind = (path: string, message: string): Result<never, FileProblem> => ({
  ok: false,
  error: { path, message },
});

async function itemsOf(path: string, format: RawFormat): Promise<Result<Iterable<RawItem>, FileProblem>> {
  const bytes = await bytesOf(path);
  if (!bytes.ok) return bytes;
  switch (extname(path).toLowerCase()) {
    case '.csv':
      return { ok: true, value: csvRecords(bytes.value, columnsOf(format)) };
    case '.parquet': {
      const records = await parquetRecords(bytes.value);
      return records.ok ? records : { ok: false, error: { path, message: records.error } };
    }
    default:
      return { ok: true, value: jsonRecords(bytes.value) };
  }
}

async function bytesOf(path: string): Promise<Result<Uint8Array, FileProblem>> {
  try {
    const { size } = await stat(path);
    if (size > largestFile)
      return {
        ok: false,
        error: {
          path,
          message: `has ${size} bytes, more than ${largestFile}: split it into a folder of smaller files`,
        },
      };
    return { ok: true, value: await readFile(path) };
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
}

/** What Node reads into one buffer on every version. */
const largestFile = 2 ** 31 - 1;
