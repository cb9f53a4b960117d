import { textWidth } from './text-width.ts';

/** Rows as lines with aligned columns; a column of numbers is set to the right. The first row is the heading. */
export function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const [heading = [], ...body] = rows;
  const widths = heading.map((_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ''))));
  const numeric = heading.map((_, column) => body.length > 0 && body.every((row) => /^([-+]?[\d.,]+(e[-+]?\d+)?%?[* ]?|-|)$/i.test(row[column] ?? '')));
  const set = (cell: string, column: number): string => {
    const room = ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(cell)));
    return numeric[column] === true ? room + cell : cell + room;
  };
  return rows.map((row) => row.map(set).join('  ').trimEnd());
}
