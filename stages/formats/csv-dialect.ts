import { type CsvDialect, csvPieces } from './csv-pieces.ts';
import { afterBlankLines, nextLine } from './line-ends.ts';

/** How a table is written, and where its header begins. */
export interface FoundDialect {
  readonly dialect: CsvDialect;
  readonly start: number;
  /** For messages: "separated by semicolons". */
  readonly name: string;
}

/**
 * Detects the dialect of a table. The delimiter is the first one with which the header has the required
 * columns (`isUsable`), tabs first in a .tsv file; Excel's line `sep=;` sets it explicitly. Backslashes
 * escape quotes if the file has more valid records that way.
 */
export function csvDialect(
  bytes: Uint8Array,
  first: number,
  {
    isUsable,
    tabsFirst,
  }: { readonly isUsable: (names: readonly string[]) => boolean; readonly tabsFirst: boolean },
): FoundDialect {
  const begin = afterBlankLines(bytes, first);
  const stated = statedDelimiter(bytes, begin);
  const start = stated === undefined ? begin : nextLine(bytes, begin);
  const order = tabsFirst ? [tab, comma, semicolon, bar] : [comma, semicolon, tab, bar];
  const headers = (stated === undefined ? order : [stated]).map((delimiter) => ({
    delimiter,
    names: headerNames(bytes, start, delimiter),
  }));
  const widest = headers.toSorted((a, b) => b.names.length - a.names.length)[0];
  const { delimiter, names } = headers.find((header) => isUsable(trimmed(header.names))) ??
    widest ?? { delimiter: comma, names: [] };
  const plain: CsvDialect = {
    delimiter,
    escape: 'quote',
    blankAfterDelimiter: names.length > 1 && names.slice(1).every((name) => /^ \S/.test(name)),
  };
  const dialect = withEscape(bytes, start, plain, names.length);
  return { dialect, start, name: nameOf(dialect) };
}

const [comma, semicolon, tab, bar] = [0x2c, 0x3b, 0x09, 0x7c];

/** Names without the blanks around them, which a layout adds. */
export const trimmed = (names: readonly string[]): readonly string[] => names.map((name) => name.trim());

function statedDelimiter(bytes: Uint8Array, start: number): number | undefined {
  const line = Buffer.from(bytes.subarray(start, start + 8)).toString('latin1');
  return /^"?sep=(.)"?[\r\n]/i.exec(line)?.[1]?.charCodeAt(0);
}

function headerNames(bytes: Uint8Array, start: number, delimiter: number): readonly string[] {
  const [header] = csvPieces(bytes, start, { delimiter, escape: 'quote', blankAfterDelimiter: false });
  return header?.kind === 'fields' ? header.fields.map((field) => Buffer.from(field).toString('utf8')) : [];
}

/** Only a file with a backslash before a quote or delimiter is read twice to find out. */
function withEscape(bytes: Uint8Array, start: number, plain: CsvDialect, columns: number): CsvDialect {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!text.includes('\\"') && !text.includes(`\\${String.fromCharCode(plain.delimiter)}`)) return plain;
  const backslash: CsvDialect = { ...plain, escape: 'backslash' };
  return badRecords(bytes, start, backslash, columns) < badRecords(bytes, start, plain, columns)
    ? backslash
    : plain;
}

function badRecords(bytes: Uint8Array, start: number, dialect: CsvDialect, columns: number): number {
  let count = 0;
  for (const piece of csvPieces(bytes, start, dialect))
    if (piece.kind === 'fault' || piece.fields.length !== columns) count += 1;
  return count;
}

function nameOf({ delimiter, escape }: CsvDialect): string {
  const separated =
    delimiter === comma
      ? 'commas'
      : delimiter === semicolon
        ? 'semicolons'
        : delimiter === tab
          ? 'tabs'
          : JSON.stringify(String.fromCharCode(delimiter));
  return `separated by ${separated}${escape === 'backslash' ? ', quotes escaped by backslashes' : ''}`;
}
