/**
 * `integer`, `time` (milliseconds since the epoch) and `number` hold numbers; a bigint has all its digits.
 */
export interface Column {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'integer' | 'time' | 'boolean' | 'value';
}

/** `undefined` and null: no value. */
export type Cell = string | number | bigint | boolean | null | undefined;

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
}
