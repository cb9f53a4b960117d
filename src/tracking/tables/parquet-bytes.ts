import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Cell, Column, Table } from './table.ts';

/** A table as Parquet, compressed by Snappy. Values of more than one type are their JSON. */
export const parquetBytes = ({ columns, rows }: Table): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: columns.map((column, index) => ({
        name: column.name,
        type: parquetType[column.kind],
        data: rows.map((row) => parquetCell(column, row[index] ?? null)),
      })),
    }),
  );

const parquetType = {
  text: 'STRING',
  value: 'STRING',
  number: 'DOUBLE',
  integer: 'INT64',
  time: 'TIMESTAMP',
  boolean: 'BOOLEAN',
} as const satisfies Record<Column['kind'], string>;

function parquetCell({ kind }: Column, cell: Cell): string | number | bigint | boolean | Date | null {
  if (cell === undefined || cell === null) return null;
  switch (kind) {
    case 'text':
    case 'value':
      return String(cell);
    case 'number':
      return Number(cell);
    case 'integer':
      return BigInt(cell);
    case 'time':
      return new Date(Number(cell));
    case 'boolean':
      return Boolean(cell);
  }
}
