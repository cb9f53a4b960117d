import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type FileProblem, fileProblem } from '../../src/files/file-problem.ts';
import { walkTree } from '../../src/files/walk-tree.ts';
import type { Result } from '../../src/result.ts';
import { csvRecords } from './csv-records.ts';
import { jsonRecords } from './json-records.ts';
import { parquetRecords } from './parquet-records.ts';
import { contentKind, conversionOf, rawFileKind, type RawFileKind, readExtensions } from './raw-file-kind.ts';
import { columnsOf, gatherRows, type OpenedFile, type RawRows, type RowChoice } from './raw-rows.ts';
import type { ChooseColumns } from './raw-record.ts';
import { toUtf8 } from './to-utf8.ts';

export interface ReadOptions extends RowChoice {
  /**
   * Bad rows are skipped and counted, or make the whole data set fail with their places (the first hundred).
   */
  readonly onBadRow: 'skip' | 'refuse';
  /** Of text files without a byte order mark; otherwise UTF-8. */
  readonly encoding?: string;
}

/** A raw data set with the files that were not read, and why. */
export interface RawData extends RawRows {
  readonly notRead: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Reads a raw data set: a file, or a folder of files in the order of their paths. The extension selects the
 * reader; other files in a folder are listed as not read. Records that a format's filters exclude are
 * dropped, regardless of `onBadRow`.
 */
export async function readRaw(
  path: string,
  options: ReadOptions,
): Promise<Result<RawData, readonly FileProblem[]>> {
  const found = await filesAt(path);
  if (!found.ok) return { ok: false, error: [found.error] };
  const { files, notRead } = found.value;
  const opened: OpenedFile[] = [];
  for (const file of files) {
    const one = await openFile(file, options);
    if (!one.ok) return { ok: false, error: [one.error] };
    opened.push(one.value);
  }
  const { unclean, ...gathered } = gatherRows(opened, options);
  return options.onBadRow === 'refuse' && unclean.length > 0
    ? { ok: false, error: unclean.slice(0, 100) }
    : { ok: true, value: { ...gathered, notRead } };
}

interface FoundFile {
  readonly path: string;
  readonly kind: Exclude<RawFileKind, { kind: 'other' }>;
}

interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly notRead: RawData['notRead'];
}

async function filesAt(path: string): Promise<Result<FoundFiles, FileProblem>> {
  try {
    if (!(await stat(path)).isDirectory()) {
      const kind = rawFileKind(path);
      return kind.kind === 'other'
        ? { ok: false, error: { path, message: kind.reason } }
        : { ok: true, value: { files: [{ path, kind }], notRead: [] } };
    }
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
  const entries = await walkTree(path);
  if (!entries.ok) return entries;
  const files: FoundFile[] = [];
  const notRead: { readonly path: string; readonly reason: string }[] = [];
  for (const entry of entries.value) {
    if (entry.kind === 'folder') continue;
    const place = join(path, entry.path);
    const kind = rawFileKind(place);
    if (kind.kind === 'other') notRead.push({ path: place, reason: kind.reason });
    else files.push({ path: place, kind });
  }
  if (files.length > 0) return { ok: true, value: { files, notRead } };
  const [first] = notRead.filter(({ reason }) => !reason.startsWith('does not end in'));
  return {
    ok: false,
    error: {
      path,
      message:
        'holds no file that ends in ' +
        `${readExtensions}${first === undefined ? '' : `; ${first.path} ${first.reason}`}`,
    },
  };
}

async function openFile(
  { path, kind }: FoundFile,
  options: ReadOptions,
): Promise<Result<OpenedFile, FileProblem>> {
  const read = await bytesOf(path);
  if (!read.ok) return read;
  const bytes = kind.gzip || contentKind(read.value) === 'gzip' ? await unzipped(read.value) : read;
  if (!bytes.ok) return { ok: false, error: { path, message: String(bytes.error) } };
  const choose: ChooseColumns = (names) => {
    const columns = columnsOf(options, names);
    return columns.ok ? columns : { ok: false, error: { kind: 'bad', ...columns.error } };
  };
  const content = contentKind(bytes.value);
  if (content === 'zip' || content === 'arrow')
    return { ok: false, error: { path, message: misnamedText(path, content) } };
  if (kind.kind === 'parquet' || content === 'parquet') {
    const records = await parquetRecords(bytes.value, choose);
    return records.ok
      ? { ok: true, value: { path, encoding: 'Parquet', items: records.value } }
      : { ok: false, error: { path, message: records.error } };
  }
  const text = toUtf8(bytes.value, options.encoding);
  if (!text.ok) return { ok: false, error: { path, message: text.error } };
  const damagedEncoding = text.value.isDamaged ? text.value.from : undefined;
  const { name, items } =
    kind.kind === 'json'
      ? jsonRecords(text.value.bytes, { damagedEncoding })
      : csvRecords(text.value.bytes, choose, { tabsFirst: kind.kind === 'tsv', damagedEncoding });
  const described = kind.kind === 'json' ? name : `${kind.kind.toUpperCase()} ${name}`;
  return {
    ok: true,
    value: {
      path,
      encoding: text.value.from === undefined ? described : `${described}, ${text.value.from}`,
      items,
    },
  };
}

/** A file whose content does not have the type of its name. */
const misnamedText = (path: string, content: 'zip' | 'arrow'): string =>
  content === 'zip'
    ? 'has the content of a spreadsheet or a zip archive: unpack it if it is an archive; a spreadsheet ' +
      `${conversionOf('.xlsx', path)}`
    : `by its content, ${conversionOf('.arrow', path)}`;

async function unzipped(bytes: Uint8Array): Promise<Result<Uint8Array>> {
  try {
    return { ok: true, value: await promisify(gunzip)(bytes, { maxOutputLength: largestFile }) };
  } catch (error) {
    return {
      ok: false,
      error: `cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
    };
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
