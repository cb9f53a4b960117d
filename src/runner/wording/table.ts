import { aligned } from './aligned.ts';
import { textWidth } from './text-width.ts';
import { wrapped } from './wrapped.ts';

/**
 * Rows as a table no wider than `width`, the first being the heading. Where it is too wide, the last column
 * is wrapped; where that leaves it no room, each row is a block of lines, a cell a line.
 */
export function table(rows: readonly (readonly string[])[], width: number): readonly string[] {
  const whole = aligned(rows);
  if (Math.max(...whole.map(textWidth)) <= width) return whole;
  const left = aligned(rows.map((row) => row.slice(0, -1)));
  const taken = Math.max(...left.map(textWidth)) + gap;
  if (width - taken < leastRoom) return stacked(rows, width);
  return left.flatMap((line, index) =>
    wrapped(rows[index]?.at(-1) ?? '', width - taken, '').map((part, row) => {
      const before = row === 0 ? line : '';
      return `${before}${' '.repeat(taken - textWidth(before))}${part}`.trimEnd();
    }),
  );
}

const gap = 2;
const leastRoom = 24;

function stacked([heading = [], ...rows]: readonly (readonly string[])[], width: number): readonly string[] {
  return rows.flatMap(([name = '', ...cells]) => [
    name,
    ...cells.flatMap((cell, index) =>
      cell === ''
        ? []
        : wrapped(`${heading[index + 1] ?? ''}: ${cell}`, width - gap).map((line) => `  ${line}`),
    ),
  ]);
}
