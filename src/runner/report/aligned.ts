/** Rows as lines with aligned columns; a column of numbers is set to the right. The first row is the heading. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const [heading = [], ...body] = rows;
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = heading.map((_, column) => body.length > 0 && body.every((row) => /^([-+]?[\d.,]+(e[-+]?\d+)?%?|-|)$/i.test(row[column] ?? '')));
  return rows.map((row) => row.map((cell, column) => (numeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('  ').trimEnd());
}
