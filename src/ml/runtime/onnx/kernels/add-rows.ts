// `as number`: the indices are in range by construction.

/**
 * table[ids[i]] += rows[i], in the order of i: the gradient of a lookup, summed. Indices may repeat; the
 * order makes the result the same on every machine. table [v, d], rows [n, d], ids [n]; indices are in range.
 */
export function addRows(table: Float32Array, rows: Float32Array, ids: Int32Array): void {
  const width = rows.length / Math.max(1, ids.length);
  for (let row = 0; row < ids.length; row += 1) {
    const target = (ids[row] as number) * width;
    const source = row * width;
    if (target < 0 || target + width > table.length)
      throw new Error(`row ${ids[row]} is not in a table of ${table.length / width} rows`);
    for (let column = 0; column < width; column += 1)
      (table[target + column] as number) += rows[source + column] as number;
  }
}
