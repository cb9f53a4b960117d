import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';
import { afterBlankLines, lineCounter, lineEndCheck, nextLine, textStart } from './line-ends.ts';
import { type BadRecord, type RawItem, longestRecord } from './raw-record.ts';

/**
 * The records of a CSV file (RFC 4180: quoted fields may hold line ends, `""` is a quote), named by its first record. A
 * record with a quote that does not pair is bad, and reading goes on at the line after the one it began on, so that one
 * stray quote does not swallow the rest of the file.
 */
export function* csvRecords(bytes: Uint8Array): Generator<RawItem> {
  const lineAt = lineCounter(bytes);
  const checkLineEnd = lineEndCheck(bytes);
  let names: readonly string[] | undefined;
  for (const piece of piecesFrom(bytes, yield* textStart(bytes))) {
    const line = lineAt(piece.start);
    if (piece.kind === 'fault') {
      yield { ...piece.fault, line };
      continue;
    }
    yield* checkLineEnd(line, piece.end);
    const fields = piece.fields.map((field) => Buffer.from(field, 'latin1'));
    const broken = fields.findIndex((field) => !isUtf8(field));
    const texts = fields.map((field) => field.toString('utf8'));
    if (broken !== -1) yield { kind: 'bad', line, reason: 'not UTF-8', detail: `field ${broken + 1} is not UTF-8` };
    else if (names === undefined) names = texts;
    else yield recordOf(names, texts, line);
  }
}

type Fault = Omit<BadRecord, 'line'>;
type Piece =
  | { readonly kind: 'fields'; readonly start: number; readonly end: number; readonly fields: readonly string[] }
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
      encoding: 'latin1', relax_column_count: true, skip_empty_lines: true, record_delimiter: ['\r\n', '\n', '\r'], max_record_size: longestRecord, on_record: keep,
    });
    return { records };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { records, fault: faultOf(error) };
  }
}

function faultOf(error: CsvError): Fault {
  switch (error.code) {
    case 'CSV_MAX_RECORD_SIZE': return { kind: 'bad', reason: 'record too long', detail: `a field has more than ${longestRecord} bytes: is a quote left open?` };
    case 'CSV_QUOTE_NOT_CLOSED': return { kind: 'bad', reason: 'unpaired quote', detail: 'a quoted field has no closing quote' };
    case 'CSV_INVALID_CLOSING_QUOTE': return { kind: 'bad', reason: 'unpaired quote', detail: 'a closing quote is followed by something else than a comma or a line end' };
    default: return { kind: 'bad', reason: 'unpaired quote', detail: 'a quote stands inside a field that does not begin with one' };
  }
}

function recordOf(names: readonly string[], fields: readonly string[], line: number): RawItem {
  const twice = names.find((name, column) => names.indexOf(name) !== column);
  if (twice !== undefined) return { kind: 'bad', line, reason: 'wrong columns', detail: `the header names ${JSON.stringify(twice)} twice` };
  if (fields.length !== names.length) return { kind: 'bad', line, reason: 'wrong columns', detail: `has ${fields.length} fields, the header ${names.length}` };
  return { kind: 'record', line, values: Object.fromEntries(names.map((name, column) => [name, fields[column] ?? ''])) };
}
