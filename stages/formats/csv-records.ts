import { isUtf8 } from 'node:buffer';
import { csvDialect, trimmed } from './csv-dialect.ts';
import { csvPieces } from './csv-pieces.ts';
import { lineCounter, lineEndCheck, textStart } from './line-ends.ts';
import type { Result } from '../../src/result.ts';
import type { ChooseColumns, Fault, RawItem, Unreadable } from './raw-record.ts';

export interface CsvOptions {
  readonly tabsFirst?: boolean;
  /** The encoding that the bytes were converted from, where some had no meaning in it. */
  readonly damagedEncoding?: string | undefined;
}

/**
 * The records of a table (CSV, TSV), named by its first record, the header: a header that cannot be used is
 * the file's one fault. Only the columns that `choose` names are read; the others may have any name, or
 * none, and any bytes.
 */
export function csvRecords(
  bytes: Uint8Array,
  choose: ChooseColumns,
  { tabsFirst = false, damagedEncoding }: CsvOptions = {},
): { readonly name: string; readonly items: Iterable<RawItem> } {
  const { dialect, start, name } = csvDialect(bytes, hasMark(bytes) ? 3 : 0, {
    isUsable: (names) => choose(names).ok,
    tabsFirst,
  });
  return { name, items: items() };

  function* items(): Generator<RawItem> {
    const lineAt = lineCounter(bytes);
    const checkLineEnd = lineEndCheck(bytes);
    yield* textStart(bytes);
    let header: Header | undefined;
    for (const piece of csvPieces(bytes, start, dialect)) {
      const line = lineAt(piece.start);
      if (piece.kind === 'fault') {
        if (header === undefined) return yield unusable(piece.fault, line);
        yield { ...piece.fault, line };
        continue;
      }
      yield* checkLineEnd(line, piece.end);
      if (header === undefined) {
        const read = headerOf(piece.fields, choose);
        if (!read.ok) return yield unusable(read.error, line);
        header = read.value;
      } else yield* recordOf(header, piece.fields, line, damagedEncoding);
    }
  }
}

const hasMark = (bytes: Uint8Array): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

const unusable = (fault: Fault, line: number): RawItem => ({
  ...fault,
  line,
  detail: `no row was read, because the header is not usable: ${fault.detail}`,
});

interface Header {
  /** Of all columns. */
  readonly width: number;
  readonly columns: readonly { readonly name: string; readonly place: number }[];
}

function headerOf(fields: readonly Uint8Array[], choose: ChooseColumns): Result<Header, Fault> {
  const names = trimmed(fields.map((field) => Buffer.from(field).toString('utf8')));
  const chosen = choose(names);
  if (!chosen.ok) {
    const broken = fields.findIndex((field) => !isUtf8(field));
    return broken === -1
      ? chosen
      : {
          ok: false,
          error: { kind: 'bad', reason: 'not UTF-8', detail: `field ${broken + 1} is not UTF-8` },
        };
  }
  const twice = chosen.value.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined)
    return {
      ok: false,
      error: { kind: 'bad', reason: 'wrong columns', detail: `it names ${JSON.stringify(twice)} twice` },
    };
  return {
    ok: true,
    value: {
      width: names.length,
      columns: chosen.value.map((name) => ({ name, place: names.indexOf(name) })),
    },
  };
}

function* recordOf(
  { width, columns }: Header,
  fields: readonly Uint8Array[],
  line: number,
  damagedEncoding: string | undefined,
): Generator<RawItem> {
  const lacking = columns.some(({ place }) => place >= fields.length);
  if (lacking || fields.slice(width).some((field) => field.length > 0))
    return yield {
      kind: 'bad',
      line,
      reason: 'wrong columns',
      detail: `has ${fields.length} fields, the header ${width}`,
    };
  if (fields.length < width)
    yield {
      kind: 'repaired',
      line,
      reason: 'missing last fields',
      detail: `has ${fields.length} fields, the header ${width}; those that are missing are not used`,
    };
  const texts = columns.map(({ name, place }) => ({ name, ...textOf(fields[place], name, damagedEncoding) }));
  yield {
    kind: 'record',
    line,
    values: Object.fromEntries(texts.map(({ name, text }) => [name, text])),
    unreadable: new Map(texts.flatMap(({ name, fault }) => (fault === undefined ? [] : [[name, fault]]))),
  };
}

function textOf(
  bytes: Uint8Array | undefined,
  name: string,
  damagedEncoding: string | undefined,
): { readonly text: string; readonly fault?: Unreadable } {
  const buffer = Buffer.from(bytes ?? []);
  const text = buffer.toString('utf8');
  if (!isUtf8(buffer)) return { text, fault: { reason: 'not UTF-8', detail: `"${name}" is not UTF-8` } };
  return damagedEncoding !== undefined && text.includes('\uFFFD')
    ? { text, fault: { reason: 'broken text', detail: `"${name}" is not valid ${damagedEncoding}` } }
    : { text };
}
