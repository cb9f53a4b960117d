// `as number`: the indices are in range by construction.

/** The gradient of a table of which few rows were looked up: all other rows of it are zero. */
export interface RowGradient {
  /** Makes all rows zero. */
  clear(): void;
  /**
   * Adds rows[i] to the row ids[i], in the order of i. Indices may repeat; the order makes the result the
   * same on every machine. rows [n, width], ids [n]
   */
  add(rows: Float32Array, ids: Int32Array): void;
  /**
   * The rows that were added to, in the order of the table, and where in it they begin. The values are valid
   * until the next change.
   */
  rows(): readonly { readonly offset: number; readonly values: Float32Array }[];
  /** The elements of these rows, in the order in which they were first added to; valid as long. */
  elements(): Float32Array;
}

/** Takes memory for the rows that were looked up in a step, not for the table: mT5's has 250,112. */
export function createRowGradient([tableRows, width]: readonly [rows: number, width: number]): RowGradient {
  /** Of each row that was added to, in that order: which of the sums is its. */
  const places = new Map<number, number>();
  let sums = new Float32Array(0);
  const placeOf = (row: number | undefined): number => {
    if (row === undefined || row < 0 || row >= tableRows)
      throw new Error(`row ${row} is not in a table of ${tableRows} rows`);
    const place = places.get(row) ?? places.size;
    places.set(row, place);
    return place;
  };
  return {
    clear() {
      places.clear();
    },
    add(rows, ids) {
      const known = places.size;
      const targets = Array.from(ids, placeOf);
      sums = withRoom(sums, known * width, places.size * width);
      for (const [row, place] of targets.entries())
        for (let column = 0; column < width; column += 1)
          (sums[place * width + column] as number) += rows[row * width + column] as number;
    },
    rows: () =>
      [...places]
        .sort(([a], [b]) => a - b)
        .map(([row, place]) => ({
          offset: row * width,
          values: sums.subarray(place * width, (place + 1) * width),
        })),
    elements: () => sums.subarray(0, places.size * width),
  };
}

/** An array that begins with the first `used` elements of this one, followed by zeros. */
function withRoom(array: Float32Array<ArrayBuffer>, used: number, length: number): Float32Array<ArrayBuffer> {
  if (length <= array.length) return array.fill(0, used, length);
  const larger = new Float32Array(length);
  larger.set(array.subarray(0, used));
  return larger;
}
