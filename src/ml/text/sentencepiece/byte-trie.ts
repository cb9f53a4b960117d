// Indices are in range by construction in this file: a node is always an existing one, and behind the last
// cell there is room for every byte.
import { freeCells, placeChild, placeChildren, usedCells } from './double-array.ts';

/**
 * A set of byte strings, each with an id, as a double array (Aoe 1989): the cell that a byte leads to from a
 * node is the base of the node and the byte, and it is a child of the node if it names it as its parent. A
 * node is the place of its cell; the root is 0.
 */
export interface ByteTrie {
  /** Four numbers a cell: the base, the parent, the id of the string that ends here or -1, and 0. */
  readonly cells: Int32Array;
}

/** A string that occurs twice, by both its ids. */
export interface Duplicate {
  readonly first: number;
  readonly second: number;
}

/**
 * Makes the trie; of two equal strings the first is kept, and the first such pair is returned. At most 2^24
 * nodes; undefined past that.
 */
export function buildByteTrie(
  keys: readonly (readonly [key: Uint8Array, id: number])[],
): { readonly trie: ByteTrie; readonly duplicate: Duplicate | undefined } | undefined {
  const strings = joined(keys);
  const { bytes, starts, ids } = strings;
  const cells = freeCells(keys.length);
  const order = Uint32Array.from(keys.keys());
  let twice: { readonly index: number; readonly duplicate: Duplicate } | undefined;
  const end = (node: number, index: number): void => {
    const [first, second] = [cells.numbers[node + 2] as number, ids[index] as number];
    if (first === -1) cells.numbers[node + 2] = second;
    else if (twice === undefined || index < twice.index) twice = { index, duplicate: { first, second } };
  };
  const places = new Uint32Array(257);
  const open: Range[] = [{ from: 0, to: keys.length, depth: 0, node: 0 }];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    if (cells.count > maxNodes) return undefined;
    const { from, to, depth } = range;
    if (to - from === 1) {
      const index = order[from] as number;
      let { node } = range;
      for (let at = (starts[index] as number) + depth; at < (starts[index + 1] as number); at += 1)
        node = placeChild(cells, node, bytes[at] as number);
      end(node, index);
      continue;
    }
    const parts = partition(strings, order, range, places);
    for (const index of order.subarray(from, parts.from)) end(range.node, index);
    if (parts.bytes.length === 0) continue;
    const base = placeChildren(cells, range.node, parts.bytes);
    parts.bytes.forEach((byte, part) => {
      const start = parts.starts[part] as number;
      open.push({
        from: start,
        to: parts.starts[part + 1] ?? to,
        depth: depth + 1,
        node: base + byte * 4,
      });
    });
  }
  return cells.count > maxNodes
    ? undefined
    : { trie: { cells: usedCells(cells) }, duplicate: twice?.duplicate };
}

/** Strings of an order, from..to, that share the `depth` bytes which lead to the node. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
  readonly node: number;
}

/** Strings one after another: the bytes of each from starts[index] to starts[index + 1]. */
interface Strings {
  readonly bytes: Uint8Array;
  readonly starts: Uint32Array;
  readonly ids: Int32Array;
}

function joined(keys: readonly (readonly [key: Uint8Array, id: number])[]): Strings {
  const bytes = new Uint8Array(keys.reduce((sum, [{ length }]) => sum + length, 0));
  const starts = new Uint32Array(keys.length + 1);
  keys.forEach(([key], index) => {
    const start = starts[index] as number;
    bytes.set(key, start);
    starts[index + 1] = start + key.length;
  });
  return { bytes, starts, ids: Int32Array.from(keys, ([, id]) => id) };
}

/** Strings that end come first, up to `from`; then a part for each byte, and where that begins. */
interface Parts {
  readonly from: number;
  readonly bytes: readonly number[];
  readonly starts: readonly number[];
}

/**
 * Orders a range by the byte at a depth; strings with the same one stay in their order. `places`: 257 zeros,
 * and so again afterwards.
 */
function partition(
  { bytes, starts }: Strings,
  order: Uint32Array,
  { from, to, depth }: Pick<Range, 'from' | 'to' | 'depth'>,
  places: Uint32Array,
): Parts {
  const before = order.slice(from, to);
  const found: number[] = [];
  for (const index of before) {
    const byte = byteAt(bytes, starts, index, depth);
    if (places[byte] === 0) found.push(byte);
    (places[byte] as number) += 1;
  }
  found.sort((a, b) => a - b);
  const partStarts: number[] = [];
  let start = from;
  for (const byte of found) {
    const size = places[byte] as number;
    partStarts.push(start);
    places[byte] = start;
    start += size;
  }
  for (const index of before) {
    const byte = byteAt(bytes, starts, index, depth);
    order[places[byte] as number] = index;
    (places[byte] as number) += 1;
  }
  for (const byte of found) places[byte] = 0;
  const isEnded = found[0] === 0;
  return isEnded
    ? {
        from: partStarts[1] ?? to,
        bytes: found.slice(1).map((byte) => byte - 1),
        starts: partStarts.slice(1),
      }
    : { from, bytes: found.map((byte) => byte - 1), starts: partStarts };
}

/** The byte of a string at a depth, and 1; 0: it ends before. */
function byteAt(bytes: Uint8Array, starts: Uint32Array, index: number, depth: number): number {
  const at = (starts[index] as number) + depth;
  return at < (starts[index + 1] as number) ? (bytes[at] as number) + 1 : 0;
}

/** The node one byte further, or -1. */
export function childOf({ cells }: ByteTrie, node: number, byte: number): number {
  const child = (cells[node] as number) + byte * 4;
  return cells[child + 1] === node ? child : -1;
}

/** The id of the string that ends at a node, or -1. */
const idAt = ({ cells }: ByteTrie, node: number): number => cells[node + 2] as number;

/** The id of a whole string, or -1. */
export function idOf(trie: ByteTrie, key: Uint8Array): number {
  let node = 0;
  for (const byte of key) {
    node = childOf(trie, node, byte);
    if (node === -1) return -1;
  }
  return idAt(trie, node);
}

/** Length of the longest string of the trie that begins at `at`; 0 if none does. */
export function longestMatch(trie: ByteTrie, bytes: Uint8Array, at: number): number {
  let longest = 0;
  let node = 0;
  for (let index = at; index < bytes.length; index += 1) {
    node = childOf(trie, node, bytes[index] as number);
    if (node === -1) break;
    if (idAt(trie, node) !== -1) longest = index + 1 - at;
  }
  return longest;
}

/**
 * Whether a string of the trie begins with bytes[at..end), or ends within them: if not, no string matches at
 * `at` in any text with these bytes.
 */
export function mayBegin(trie: ByteTrie, bytes: Uint8Array, at: number, end: number): boolean {
  let node = 0;
  for (let index = at; index < end; index += 1) {
    node = childOf(trie, node, bytes[index] as number);
    if (node === -1) return false;
    if (idAt(trie, node) !== -1) return true;
  }
  return true;
}

/** A bound on what a damaged or hostile file can cost. */
const maxNodes = 2 ** 24 - 1;
