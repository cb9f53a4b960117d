/** Rows of one length: ids, and a 1 where a token is, a 0 where padding is. */
export interface PaddedBatch {
  readonly ids: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  readonly length: number;
}

export interface PadOptions {
  /**
   * To this length, where rows are shorter (a longer row sets the length). Default: that of the longest row.
   */
  readonly length?: number;
  /** Rounds the length up to a multiple of this. Default: 1. */
  readonly multipleOf?: number;
}

/** Fills rows up with `pad` at their ends, as transformers' `padding` and `pad_to_multiple_of`. */
export function padBatch(
  rows: readonly (readonly number[])[],
  pad: number,
  { length = 0, multipleOf = 1 }: PadOptions = {},
): PaddedBatch {
  const longest = rows.reduce((most, row) => Math.max(most, row.length), length);
  const padded = Math.ceil(longest / multipleOf) * multipleOf;
  const filled = (row: readonly number[], token: (id: number) => number, filler: number) =>
    Array.from({ length: padded }, (_, index) => (index < row.length ? token(row[index] ?? filler) : filler));
  return {
    ids: rows.map((row) => filled(row, (id) => id, pad)),
    mask: rows.map((row) => filled(row, () => 1, 0)),
    length: padded,
  };
}
