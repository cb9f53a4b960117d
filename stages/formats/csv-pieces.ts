import { lineFeed, carriageReturn, afterBlankLines, nextLine } from './line-ends.ts';
import { type Fault, longestRecord } from './raw-record.ts';

/** How a table is written as text. */
export interface CsvDialect {
  /** The byte between two fields. */
  readonly delimiter: number;
  /** A quote is part of a quoted field after another quote (RFC 4180), or after a backslash too. */
  readonly escape: 'quote' | 'backslash';
  /**
   * Whether a blank after a delimiter is part of the layout, and not of the field. Before a quote it always
   * is.
   */
  readonly blankAfterDelimiter: boolean;
}

/** A record with its place in the file, or a place where none can be read. */
export type CsvPiece =
  | {
      readonly kind: 'fields';
      readonly start: number;
      readonly end: number;
      readonly fields: readonly Uint8Array[];
    }
  | { readonly kind: 'fault'; readonly start: number; readonly fault: Fault };

/**
 * The records of a table from an offset on. After an invalid record, reading continues at the line after its
 * first one, so that a stray quote does not swallow the rest of the file. (Readers for whole files stop
 * there, or take everything up to the next quote as one field.)
 */
export function* csvPieces(bytes: Uint8Array, first: number, dialect: CsvDialect): Generator<CsvPiece> {
  for (let start = afterBlankLines(bytes, first); start < bytes.length;) {
    const piece = pieceAt(bytes, start, dialect);
    yield piece;
    start = afterBlankLines(bytes, piece.kind === 'fields' ? piece.end : nextLine(bytes, start));
  }
}

function pieceAt(bytes: Uint8Array, start: number, dialect: CsvDialect): CsvPiece {
  const fields: Uint8Array[] = [];
  for (let at = start; ;) {
    const field = fieldAt(bytes, at, dialect);
    if (field.kind === 'fault') return { kind: 'fault', start, fault: field.fault };
    fields.push(field.bytes);
    if (field.end - start > longestRecord) return { kind: 'fault', start, fault: tooLong };
    if (bytes[field.end] !== dialect.delimiter)
      return { kind: 'fields', start, end: afterLineEnd(bytes, field.end), fields };
    at = field.end + 1;
  }
}

type Field =
  /** `end`: where the delimiter or line end after it is, or the end of the file. */
  | { readonly kind: 'field'; readonly bytes: Uint8Array; readonly end: number }
  | { readonly kind: 'fault'; readonly fault: Fault };

function fieldAt(bytes: Uint8Array, start: number, dialect: CsvDialect): Field {
  const text = afterBlanks(bytes, start, dialect);
  if (bytes[text] === quote) return quotedField(bytes, text, dialect);
  return plainField(bytes, dialect.blankAfterDelimiter ? text : start, dialect);
}

/** A field without quotes around it: any quotes in it are text (3" long). */
function plainField(bytes: Uint8Array, start: number, dialect: CsvDialect): Field {
  let end = start;
  let escapes = 0;
  for (; end < bytes.length && !endsField(bytes[end], dialect); end += 1)
    if (dialect.escape === 'backslash' && bytes[end] === backslash && isEscaped(bytes[end + 1], dialect)) {
      escapes += 1;
      end += 1;
    }
  const text = bytes.subarray(start, Math.min(end, bytes.length));
  return {
    kind: 'field',
    bytes: escapes === 0 ? text : unescaped(text, { ...dialect, doubled: false }),
    end,
  };
}

function quotedField(bytes: Uint8Array, open: number, dialect: CsvDialect): Field {
  const limit = Math.min(bytes.length, open + longestRecord);
  let isPlain = true;
  for (let at = open + 1; ; at += 1) {
    at = nextMark(bytes, at, limit, dialect);
    if (at >= limit) return { kind: 'fault', fault: limit < bytes.length ? tooLong : notClosed };
    if (bytes[at] === backslash) {
      if (isEscaped(bytes[at + 1], dialect)) {
        isPlain = false;
        at += 1;
      }
    } else if (bytes[at + 1] === quote) {
      isPlain = false;
      at += 1;
    } else {
      const end = afterBlanks(bytes, at + 1, dialect);
      if (end < bytes.length && !endsField(bytes[end], dialect))
        return partlyQuotedField(bytes, open, at, dialect);
      const text = bytes.subarray(open + 1, at);
      return { kind: 'field', bytes: isPlain ? text : unescaped(text, { ...dialect, doubled: true }), end };
    }
  }
}

/**
 * A field that begins with a word in quotes ("Flu" is what I have): kept unchanged, if its quotes pair
 * within the line and the first one clearly closes after a word. Anything else with a quote out of place is a
 * fault.
 */
function partlyQuotedField(bytes: Uint8Array, open: number, close: number, dialect: CsvDialect): Field {
  const isOnOneLine = !bytes
    .subarray(open, close)
    .some((byte) => byte === lineFeed || byte === carriageReturn);
  if (!isOnOneLine || isBlank(bytes[close - 1]) || isWordByte(bytes[close + 1])) return wrongQuote;
  let isOpen = false;
  let end = open;
  for (; end < bytes.length; end += 1) {
    const byte = bytes[end];
    if (byte === quote) isOpen = !isOpen;
    else if (byte === lineFeed || byte === carriageReturn || (!isOpen && byte === dialect.delimiter)) break;
  }
  return isOpen ? wrongQuote : { kind: 'field', bytes: bytes.subarray(open, end), end };
}

const quote = 0x22;
const backslash = 0x5c;

const bad = (reason: Fault['reason'], detail: string): Fault => ({ kind: 'bad', reason, detail });
const tooLong = bad(
  'record too long',
  `it has more than ${longestRecord} bytes: check for an unclosed quote`,
);
const notClosed = bad('unpaired quote', 'a quoted field has no closing quote');
const wrongQuote: Field = {
  kind: 'fault',
  fault: bad('unpaired quote', 'a closing quote is not followed by a delimiter or a line end'),
};

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

const isWordByte = (byte: number | undefined): boolean =>
  byte !== undefined && (byte >= 0x80 || /[0-9A-Za-z_]/.test(String.fromCharCode(byte)));

const endsField = (byte: number | undefined, { delimiter }: CsvDialect): boolean =>
  byte === delimiter || byte === lineFeed || byte === carriageReturn;

const isEscaped = (byte: number | undefined, { delimiter }: CsvDialect): boolean =>
  byte === quote || byte === backslash || byte === delimiter;

function afterBlanks(bytes: Uint8Array, start: number, { delimiter }: CsvDialect): number {
  let at = start;
  while (isBlank(bytes[at]) && bytes[at] !== delimiter) at += 1;
  return at;
}

function afterLineEnd(bytes: Uint8Array, at: number): number {
  if (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) return at + 2;
  return Math.min(at + 1, bytes.length);
}

/** The next quote, or backslash where that escapes; `limit` if there is none before it. */
function nextMark(bytes: Uint8Array, start: number, limit: number, { escape }: CsvDialect): number {
  const found = bytes.indexOf(quote, start);
  const closing = found === -1 || found > limit ? limit : found;
  if (escape === 'quote') return closing;
  const slash = bytes.subarray(start, closing).indexOf(backslash);
  return slash === -1 ? closing : start + slash;
}

/**
 * Two quotes in a row are one where they are `doubled`, and a backslash before what it escapes is dropped.
 */
function unescaped(text: Uint8Array, options: CsvDialect & { readonly doubled: boolean }): Uint8Array {
  const kept = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const isSlash =
      options.escape === 'backslash' && text[at] === backslash && isEscaped(text[at + 1], options);
    if (isSlash || (options.doubled && text[at] === quote && text[at + 1] === quote)) at += 1;
    kept[length] = text[at] ?? 0;
    length += 1;
  }
  return kept.subarray(0, length);
}
