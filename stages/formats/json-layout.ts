import { lineFeed } from './line-ends.ts';

/** A value within the bytes of a JSON text; `end` is the offset after it. */
export interface JsonSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The elements of the list that begins with the bracket at `open`. Bytes are read once and nothing is parsed,
 * so a long file needs no memory, and a fault within an element stays within it. `closed` is false where the
 * list does not end.
 */
export function* listElements(
  bytes: Uint8Array,
  open: number,
): Generator<JsonSpan, { readonly closed: boolean }> {
  let start = afterSpace(bytes, open + 1);
  for (let at = start; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === comma || byte === closeList) {
      const end = beforeSpace(bytes, at, start);
      if (end > start) yield { start, end };
      if (byte === closeList) return { closed: true };
      start = afterSpace(bytes, at + 1);
      at = start;
    } else at = valueEnd(bytes, at);
  }
  if (start < bytes.length) yield { start, end: bytes.length };
  return { closed: false };
}

/** The members of an object, as the text of each name and where its value begins. */
export function* objectMembers(
  bytes: Uint8Array,
  open: number,
): Generator<{ readonly name: string; readonly start: number }> {
  for (let at = afterSpace(bytes, open + 1); bytes[at] === quote;) {
    const nameEnd = valueEnd(bytes, at);
    const name = Buffer.from(bytes.subarray(at + 1, nameEnd - 1)).toString('utf8');
    const colonAt = afterSpace(bytes, nameEnd);
    if (bytes[colonAt] !== colon) return;
    const start = afterSpace(bytes, colonAt + 1);
    yield { name, start };
    const after = afterSpace(bytes, valueEnd(bytes, start));
    if (bytes[after] !== comma) return;
    at = afterSpace(bytes, after + 1);
  }
}

/** The offset after the string, list, object or bare word at `start`. */
export function valueEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    switch (bytes[at]) {
      case quote:
        at = stringEnd(bytes, at) - 1;
        break;
      case openList:
      case openObject:
        depth += 1;
        continue;
      case closeList:
      case closeObject:
        depth -= 1;
        break;
      case comma:
      case colon:
        if (depth === 0) return Math.max(at, start + 1);
        continue;
      default:
        continue;
    }
    if (depth <= 0) return depth < 0 ? Math.max(at, start + 1) : at + 1;
  }
  return bytes.length;
}

/** The offset after the string that begins with the quote at `open`. */
function stringEnd(bytes: Uint8Array, open: number): number {
  for (let at = bytes.indexOf(quote, open + 1); at !== -1; at = bytes.indexOf(quote, at + 1)) {
    let slashes = 0;
    while (bytes[at - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
  return bytes.length;
}

export function afterSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function beforeSpace(bytes: Uint8Array, end: number, start: number): number {
  let at = end;
  while (at > start && isSpace(bytes[at - 1])) at -= 1;
  return at;
}

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === lineFeed || byte === 0x0d;

export const [openList, openObject] = [0x5b, 0x7b];
const [quote, backslash, comma, colon, closeList, closeObject] = [0x22, 0x5c, 0x2c, 0x3a, 0x5d, 0x7d];
