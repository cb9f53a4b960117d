import { jsonText } from '../../files/json-text.ts';
import type { Cell, Column, Table } from './table.ts';

/**
 * CSV as RFC 4180 has it: a line of names, CRLF after each line. NaN and infinities are words, times ISO
 * 8601.
 */
export const csvText = ({ columns, rows }: Table): string =>
  [
    columns.map(({ name }) => csvField(name)),
    ...rows.map((row) => columns.map((column, index) => csvField(csvCell(column, row[index])))),
  ]
    .map((fields) => `${fields.join(',')}\r\n`)
    .join('');

/** JSON Lines: NaN and infinities are texts, times ISO 8601; what has no value is absent. */
export const jsonLinesText = ({ columns, rows }: Table): string =>
  rows
    .map((row) => {
      const members = columns.flatMap((column, index) => {
        const cell = shown(column, row[index]);
        return cell === undefined ? [] : [[column.name, cell] as const];
      });
      return `${jsonText(new Map(members))}\n`;
    })
    .join('');

const csvCell = (column: Column, cell: Cell): string => {
  const value = shown(column, cell);
  return value === undefined || value === null ? '' : String(value);
};

const shown = ({ kind }: Column, cell: Cell): Cell =>
  kind === 'time' && typeof cell === 'number' ? new Date(cell).toISOString() : cell;

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
