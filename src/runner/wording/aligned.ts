import { textWidth } from './text-width.ts';

/**
 * Rows as lines with aligned columns; a column of numbers is set to the right. The first row is the heading,
 * whose cells may have several lines.
 */
export function aligned([top = [], ...body]: readonly (readonly string[])[]): readonly string[] {
  const heading = headingLines(top);
  const rows = [...heading, ...body];
  const widths = top.map((_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ''))));
  const numeric = top.map(
    (_, column) =>
      body.length > 0 &&
      body.every((row) => /^([-+]?[\d.,]+(e[-+]?\d+)?%?[* ]?|-|)$/i.test(row[column] ?? '')),
  );
  const set = (cell: string, column: number): string => {
    const room = ' '.repeat(Math.max(0, (widths[column] ?? 0) - textWidth(cell)));
    return numeric[column] === true ? room + cell : cell + room;
  };
  return rows.map((row) => row.map(set).join('  ').trimEnd());
}

/** Cells of fewer lines are aligned to the bottom. */
function headingLines(cells: readonly string[]): readonly (readonly string[])[] {
  const lines = cells.map((cell) => cell.split('\n'));
  const height = Math.max(1, ...lines.map(({ length }) => length));
  return Array.from({ length: height }, (_, row) =>
    lines.map((cell) => cell[row - height + cell.length] ?? ''),
  );
}
