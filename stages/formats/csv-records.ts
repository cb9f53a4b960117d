import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';
import type { Result } from '../../src/result.ts';
import { afterBlankLines, lineCounter, lineEndCheck, nextLine, textStart } from './line-ends.ts';
import { type BadRecord, type RawItem, longestRecord } from './raw-record.ts';

/**
 * The records of a CSV file (RFC 4180: quoted fields may hold line ends, `""` is a quote), named by its first record, the
 * header, which has to have the `needed` columns: a header that cannot be used is the file's one fault. A record with a
 * quote that does not pair is bad, and reading goes on at the line after the one it began on, so that one stray quote does
 * not swallow the rest of the file.
 */
export function* csvRecords(bytes: Uint8Array, needed: readonly string[]): Generator<RawItem> {
  const lineAt = lineCounter(bytes);
  const checkLineEnd = lineEndCheck(bytes);
  let names: readonly string[] | undefined;
  for (const piece of piecesFrom(bytes, yield* textStart(bytes))) {
    const line = lineAt(piece.start);
    if (piece.kind === 'fields') yield* checkLineEnd(line, piece.end);
    const texts = textsOf(piece);
    if (names === undefined) {
      const fault = texts.ok ? headerFault(texts.value, needed) : texts.error;
      if (fault !== undefined)
        return yield {
          ...fault,
          line,
          detail: `the header cannot be used, and no row of the file was read: ${fault.detail}`,
        };
    }
    if (!texts.ok) yield { ...texts.error, line };
    else if (names === undefined) names = texts.value;
    else yield recordOf(names, texts.value, line);
  }
}

function textsOf(piece: Piece): Result<readonly string[], Fault> {
  if (piece.kind === 'fault') return { ok: false, error: piece.fault };
  const fields = piece.fields.map((field) => Buffer.from(field, 'latin1'));
  const broken = fields.findIndex((field) => !isUtf8(field));
  if (broken !== -1)
    return {
      ok: false,
      error: { kind: 'bad', reason: 'not UTF-8', detail: `field ${broken + 1} is not UTF-8` },
    };
  return { ok: true, value: fields.map((field) => field.toString('utf8')) };
}

function headerFault(names: readonly string[], needed: readonly string[]): Fault | undefined {
  const twice = names.find((name, column) => names.indexOf(name) !== column);
  if (twice !== undefined) return wrong(`it names ${JSON.stringify(twice)} twice`);
  const missing = needed.filter((name) => !names.includes(name));
  return missing.length === 0
    ? undefined
    : wrong(
        `it lacks ${missing.map((name) => JSON.stringify(name)).join(', ')}; found ${JSON.stringify(names.slice(0, 20)).slice(0, 400)}`,
      );
}

const wrong = (detail: string): Fault => ({ kind: 'bad', reason: 'wrong columns', detail });

type Fault = Omit<BadRecord, 'line'>;
type Piece =
  | {
      readonly kind: 'fields';
      readonly start: number;
      readonly end: number;
      readonly fields: readonly string[];
    }
  | { readonly kind: 'fault'; readonly start: number; readonly fault: Fault };

/** The records with their places in the file, and each place where one cannot be read. */
function* piecesFrom(bytes: Uint8Array, first: number): Generator<Piece> {
  let start = afterBlankLines(bytes, first);
  while (start < bytes.length) {
    const { records, fault } = parsedUntilFault(bytes.subarray(start));
    const base = start;
    for (const { end, fields } of records) {
      yield { kind: 'fields', start, end: base + end, fields };
      start = afterBlankLines(bytes, base + end);
    }
    if (fault === undefined) return;
    yield { kind: 'fault', start, fault };
    start = afterBlankLines(bytes, nextLine(bytes, start));
  }
}

interface Parsed {
  readonly records: readonly { readonly end: number; readonly fields: readonly string[] }[];
  readonly fault?: Fault;
}

/** Fields are read as Latin-1, a character a byte, so that one which is not UTF-8 can be seen. */
function parsedUntilFault(bytes: Uint8Array): Parsed {
  const records: { end: number; fields: readonly string[] }[] = [];
  const keep = (fields: readonly string[], { bytes: end }: { readonly bytes: number }): undefined => {
    records.push({ end, fields });
  };
  try {
    parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
      encoding: 'latin1',
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: longestRecord,
      on_record: keep,
    });
    return { records };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { records, fault: faultOf(error) };
  }
}

function faultOf(error: CsvError): Fault {
  switch (error.code) {
    case 'CSV_MAX_RECORD_SIZE':
      return {
        kind: 'bad',
        reason: 'record too long',
        detail: `a field has more than ${longestRecord} bytes: is a quote left open?`,
      };
    case 'CSV_QUOTE_NOT_CLOSED':
      return { kind: 'bad', reason: 'unpaired quote', detail: 'a quoted field has no closing quote' };
    case 'CSV_INVALID_CLOSING_QUOTE':
      return {
        kind: 'bad',
        reason: 'unpaired quote',
        detail: 'a closing quote is followed by something else than a comma or a line end',
      };
    default:
      return {
        kind: 'bad',
        reason: 'unpaired quote',
        detail: 'a quote stands inside a field that does not begin with one',
      };
  }
}

function recordOf(names: readonly string[], fields: readonly string[], line: number): RawItem {
  if (fields.length !== names.length)
    return {
      kind: 'bad',
      line,
      reason: 'wrong columns',
      detail: `has ${fields.length} fields, the header ${names.length}`,
    };
  return {
    kind: 'record',
    line,
    values: Object.fromEntries(names.map((name, column) => [name, fields[column] ?? ''])),
  };
}
