import type { RawItem } from './raw-record.ts';

export const carriageReturn = 0x0d;
export const lineFeed = 0x0a;

/** Where the text begins: after a byte order mark, if there is one. */
export function* textStart(bytes: Uint8Array): Generator<RawItem, number> {
  if (bytes[0] !== 0xef || bytes[1] !== 0xbb || bytes[2] !== 0xbf) return 0;
  yield {
    kind: 'repaired',
    line: 1,
    reason: 'byte order mark',
    detail: 'the file begins with a byte order mark (EF BB BF)',
  };
  return 3;
}

/** Tells the line of an offset, for offsets in ascending order. A line ends with LF, CR LF or CR. */
export function lineCounter(bytes: Uint8Array): (offset: number) => number {
  let line = 1;
  let seen = 0;
  return (offset) => {
    for (; seen < offset; seen += 1)
      if (bytes[seen] === lineFeed || (bytes[seen] === carriageReturn && bytes[seen + 1] !== lineFeed))
        line += 1;
    return line;
  };
}

/**
 * Reports each record whose line end differs from the first one's. A record at the end of the file has no
 * line end.
 */
export function lineEndCheck(bytes: Uint8Array): (line: number, end: number) => readonly RawItem[] {
  let first: string | undefined;
  return (line, end) => {
    const style = lineEndAt(bytes, end);
    if (style === undefined) return [];
    first ??= style;
    return style === first
      ? []
      : [
          {
            kind: 'repaired',
            line,
            reason: 'mixed line ends',
            detail: `ends with ${style}, the first line with ${first}`,
          },
        ];
  };
}

function lineEndAt(bytes: Uint8Array, end: number): 'LF' | 'CR LF' | 'CR' | undefined {
  switch (bytes[end - 1]) {
    case carriageReturn:
      return 'CR';
    case lineFeed:
      return bytes[end - 2] === carriageReturn ? 'CR LF' : 'LF';
    default:
      return undefined;
  }
}

/** The offset after the line that holds an offset. */
export function nextLine(bytes: Uint8Array, offset: number): number {
  let end = offset;
  while (end < bytes.length && bytes[end] !== lineFeed && bytes[end] !== carriageReturn) end += 1;
  return bytes[end] === carriageReturn && bytes[end + 1] === lineFeed
    ? end + 2
    : Math.min(end + 1, bytes.length);
}

/** The offset of the next byte that is not part of a line end. */
export function afterBlankLines(bytes: Uint8Array, offset: number): number {
  let start = offset;
  while (bytes[start] === lineFeed || bytes[start] === carriageReturn) start += 1;
  return start;
}
