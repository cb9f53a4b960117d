import { basename, extname } from 'node:path';
import { shellPath } from '../../src/files/shell-path.ts';
import { shellQuoted } from '../../src/files/shell-quoted.ts';

/** How to read a file, by its name. */
export type RawFileKind =
  | { readonly kind: 'csv' | 'tsv' | 'json' | 'parquet'; readonly gzip: boolean }
  /** Not read: why, and what to do about it if it may hold data. */
  | { readonly kind: 'other'; readonly reason: string };

/** By the extension; `.gz` may follow one of a text. */
export function rawFileKind(path: string): RawFileKind {
  const name = basename(path).toLowerCase();
  const gzip = name.endsWith('.gz');
  const extension = extname(gzip ? name.slice(0, -'.gz'.length) : name);
  if (name.startsWith('.')) return { kind: 'other', reason: 'is a hidden file' };
  switch (extension) {
    case '.csv':
      return { kind: 'csv', gzip };
    case '.tsv':
    case '.tab':
      return { kind: 'tsv', gzip };
    case '.jsonl':
    case '.ndjson':
    case '.json':
      return { kind: 'json', gzip };
    case '.parquet':
    case '.pq':
      return { kind: 'parquet', gzip };
    default:
      return {
        kind: 'other',
        reason: conversionOf(extension, path) ?? `does not end in ${readExtensions}`,
      };
  }
}

/** As the end of a sentence. */
export const readExtensions = '.csv, .tsv, .jsonl, .ndjson, .json or .parquet, with or without .gz';

/** What a file of a kind that is not read is, and how it is converted. */
export const conversionOf = (extension: string, path: string): string | undefined =>
  Object.hasOwn(conversions, extension) ? conversions[extension]?.(path) : undefined;

/** Kinds of data that are not read, each with the command that makes of it what is. */
const conversions: Readonly<Record<string, (path: string) => string>> = {
  '.xlsx': excel,
  '.xls': excel,
  '.ods': excel,
  '.arrow': arrow,
  '.feather': arrow,
  '.ipc': arrow,
  '.orc': (path) => pandas('ORC', `read_orc(${literal(path)}).to_parquet(${renamed(path, '.parquet')})`),
  '.pkl': (path) =>
    pandas('pickle', `read_pickle(${literal(path)}).to_parquet(${renamed(path, '.parquet')})`),
  '.zip': (path) => packed('is a zip archive', 'unzip', path),
  '.tar': (path) => packed('is a tar archive', 'tar -xf', path),
  '.tgz': (path) => packed('is a tar archive', 'tar -xf', path),
  '.zst': (path) => packed('is compressed by zstd', 'zstd -d', path),
  '.bz2': (path) => packed('is compressed by bzip2', 'bunzip2 -k', path),
  '.xz': (path) => packed('is compressed by xz', 'unxz -k', path),
};

const packed = (what: string, command: string, path: string): string =>
  `${what}: unpack it first, with \`${command} ${shellPath(path)}\``;

function excel(path: string): string {
  return pandas('spreadsheet', `read_excel(${literal(path)}).to_csv(${renamed(path, '.csv')}, index=False)`);
}

/** Files by polars and pandas have a footer; those that the datasets library writes are streams. */
function arrow(path: string): string {
  const file = python(
    'import pyarrow.feather as f, pyarrow.parquet as p; ' +
      `p.write_table(f.read_table(${literal(path)}), ${renamed(path, '.parquet')})`,
  );
  const folder = python('import datasets; datasets.load_from_disk("FOLDER").to_parquet("rows.parquet")');
  return (
    `is an Arrow (Feather) file, which is not supported: convert it with ${file}; ` +
    `a folder by save_to_disk with ${folder}`
  );
}

const pandas = (what: string, call: string): string =>
  `is a ${what} file, which is not supported: convert it with ${python(`import pandas; pandas.${call}`)}`;

const python = (code: string): string => `\`python -c ${shellQuoted(code)}\``;

/** JSON's texts mean the same in Python. */
const literal = (path: string): string => JSON.stringify(path);

const renamed = (path: string, extension: string): string =>
  literal(`${path.slice(0, path.length - extname(path).length)}${extension}`);

/** The type of a file by its first bytes, if they contradict its name. */
export function contentKind(bytes: Uint8Array): 'gzip' | 'parquet' | 'zip' | 'arrow' | undefined {
  const begins = Buffer.from(bytes.subarray(0, 6)).toString('latin1');
  if (begins.startsWith('\x1f\x8b')) return 'gzip';
  if (begins.startsWith('PAR1')) return 'parquet';
  if (begins.startsWith('PK\x03\x04')) return 'zip';
  return begins === 'ARROW1' ? 'arrow' : undefined;
}
