/**
 * Lengths of the longest common subsequences of all prefixes of two token lists, a bit an entry: bit j of row
 * i is clear where one more candidate token makes the subsequence of i reference tokens longer. 32 columns
 * are computed at once (M. Crochemore et al., "A fast and practical bit-vector algorithm for the longest
 * common subsequence problem", 2001). Takes reference x candidate / 8 bytes; a row that equals the one before
 * it is that one. Indices are in range by construction, so elements of typed arrays are taken as numbers.
 */
export interface SubsequenceTable {
  readonly rows: readonly Uint32Array[];
  readonly columns: number;
}

/** The table of two token lists. */
export function subsequenceTable(
  reference: readonly number[],
  candidate: readonly number[],
): SubsequenceTable {
  const places = placesOf(candidate);
  let row = new Uint32Array(Math.ceil(candidate.length / 32)).fill(0xffffffff);
  const rows = [row];
  for (const token of reference) {
    const matches = places.get(token);
    if (matches !== undefined) row = nextRow(row, matches);
    rows.push(row);
  }
  return { rows, columns: candidate.length };
}

/**
 * Length of the longest common subsequence of the first `row` reference tokens and the first `column`
 * candidate tokens.
 */
export function subsequenceLength(
  { rows, columns }: SubsequenceTable,
  row = rows.length - 1,
  column = columns,
): number {
  const bits = rows[row] as Uint32Array;
  const whole = column >> 5;
  let unset = 0;
  for (let word = 0; word < whole; word += 1) unset += 32 - bitCount(bits[word] as number);
  const rest = column & 31;
  return rest === 0 ? unset : unset + rest - bitCount((bits[whole] as number) & ((1 << rest) - 1));
}

/** For each token the columns that hold it, as a row of bits. */
function placesOf(candidate: readonly number[]): ReadonlyMap<number, Uint32Array> {
  const places = new Map<number, Uint32Array>();
  candidate.forEach((token, column) => {
    const bits = places.get(token) ?? new Uint32Array(Math.ceil(candidate.length / 32));
    bits[column >> 5] = (bits[column >> 5] as number) | (1 << (column & 31));
    places.set(token, bits);
  });
  return places;
}

/**
 * row' = (row + (row & matches)) | (row & ~matches), as one long integer: the carry goes from word to word.
 */
function nextRow(row: Uint32Array, matches: Uint32Array): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(row.length);
  let carry = 0;
  for (let word = 0; word < row.length; word += 1) {
    const bits = row[word] as number;
    const match = matches[word] as number;
    const sum = bits + ((bits & match) >>> 0) + carry;
    carry = sum > 0xffffffff ? 1 : 0;
    next[word] = sum | (bits & ~match);
  }
  return next;
}

/** Of a 32-bit word (H. S. Warren, "Hacker's Delight", 5-1). */
function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
