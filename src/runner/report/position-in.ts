/**
 * A place in a text as an editor counts: lines and columns from 1, columns in characters; a byte order mark
 * is not a column.
 */
export function positionIn(
  text: string,
  offset: number,
): {
  readonly line: number;
  readonly column: number;
  /** What precedes it in its line. */ readonly before: string;
} {
  const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
  const before = lines.at(-1) ?? '';
  return {
    line: lines.length,
    column: [...before].length + 1 - (lines.length === 1 && before.startsWith('\uFEFF') ? 1 : 0),
    before,
  };
}
