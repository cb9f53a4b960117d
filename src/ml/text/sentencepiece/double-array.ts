// Indices are in range by construction in this file: behind the last used cell there is always room for
// every byte of one more node.

/** The cells of a double array that is being made (byte-trie.ts); places count numbers, four a cell. */
export interface Cells {
  numbers: Int32Array;
  /** Nodes so far. */
  count: number;
  /** No cell before it is free. */
  firstFree: number;
  /** Behind the last used cell. */
  end: number;
}

/** Cells in which only the root is taken. `expected`: about how many strings there will be. */
export function freeCells(expected: number): Cells {
  const cells = { numbers: new Int32Array(0), count: 1, firstFree: lowest, end: lowest };
  widen(cells, expected * 8 + lowest);
  return cells;
}

/** Puts a node with one byte below another: it fills what others left over. */
export function placeChild(cells: Cells, parent: number, byte: number): number {
  const { numbers } = cells;
  let child = cells.firstFree;
  while (numbers[child + 1] !== -1) child += 4;
  cells.firstFree = child + 4;
  numbers[parent] = child - byte * 4;
  numbers[child + 1] = parent;
  cells.count += 1;
  if (child >= cells.end) extendTo(cells, child + 4);
  return child;
}

/**
 * Puts nodes below another, one for each byte, in ascending order, and gives the base. They are not fitted
 * far from the end, where hardly a cell is free.
 */
export function placeChildren(cells: Cells, parent: number, bytes: readonly number[]): number {
  const { numbers } = cells;
  const least = (bytes[0] as number) * 4;
  let base = Math.max(cells.firstFree, cells.end - searched) - least;
  while (!bytes.every((byte) => numbers[base + byte * 4 + 1] === -1)) base += 4;
  numbers[parent] = base;
  for (const byte of bytes) numbers[base + byte * 4 + 1] = parent;
  cells.count += bytes.length;
  extendTo(cells, Math.max(cells.end, base + (bytes.at(-1) as number) * 4 + 4));
  return base;
}

/** The used cells, and behind them room for the children of any node. */
export const usedCells = ({ numbers, end }: Cells): Int32Array => numbers.slice(0, end + room);

function extendTo(cells: Cells, end: number): void {
  cells.end = end;
  if (end + 2 * room > cells.numbers.length) widen(cells, 2 * end);
}

function widen(cells: Cells, end: number): void {
  const before = cells.numbers;
  const numbers = new Int32Array(end + 2 * room);
  numbers.set(before);
  for (let place = before.length; place < numbers.length; place += 4) {
    numbers[place + 1] = -1;
    numbers[place + 2] = -1;
  }
  cells.numbers = numbers;
}

/** Of the cells that a node can lead to. */
const room = 256 * 4;
/** Before it, a cell would be free for small bytes alone: the base would be below 0. */
const lowest = room;
const searched = 256 * 4;
