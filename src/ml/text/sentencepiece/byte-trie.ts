// Indices are in range by construction in this file: a slot is masked by the table's size, a node is one that
// was made.

/**
 * A set of byte strings, each with an id. Edges lie in one hash table of (parent node, byte) to child node,
 * so its size follows the number of nodes, whatever the strings are.
 */
export interface ByteTrie {
  /** Pairs of (node * 256 + byte + 1, child); 0 is an empty slot. */
  readonly edges: Uint32Array;
  /** The id of the string that ends at each node, or -1. */
  readonly ids: Int32Array;
}

/** A string that stands there twice, by both its ids. */
export interface Duplicate {
  readonly first: number;
  readonly second: number;
}

/**
 * Makes the trie; of two equal strings the first is kept, and the first such pair is returned. At most 2^24
 * nodes; undefined past that.
 */
export function buildByteTrie(
  keys: Iterable<readonly [key: Uint8Array, id: number]>,
): { readonly trie: ByteTrie; readonly duplicate: Duplicate | undefined } | undefined {
  let edges = new Uint32Array(2048);
  let ids = new Int32Array(512).fill(-1);
  let nodes = 1;
  let duplicate: Duplicate | undefined;
  for (const [key, id] of keys) {
    let node = 0;
    for (const byte of key) {
      const slot = slotOf(edges, node * 256 + byte + 1);
      if (edges[slot] === 0) {
        if (nodes === maxNodes) return undefined;
        edges[slot] = node * 256 + byte + 1;
        edges[slot + 1] = nodes;
        node = nodes;
        nodes += 1;
        if (nodes === ids.length) ids = grown(ids);
        if (nodes * 4 > edges.length) edges = rehashed(edges);
      } else {
        node = edges[slot + 1] as number;
      }
    }
    if (ids[node] === -1) ids[node] = id;
    else duplicate ??= { first: ids[node] as number, second: id };
  }
  return { trie: { edges, ids }, duplicate };
}

/** The node one byte further, or -1. The root is 0. */
export function childOf({ edges }: ByteTrie, node: number, byte: number): number {
  const slot = slotOf(edges, node * 256 + byte + 1);
  return edges[slot] === 0 ? -1 : (edges[slot + 1] as number);
}

/** The id of a whole string, or -1. */
export function idOf(trie: ByteTrie, key: Uint8Array): number {
  let node = 0;
  for (const byte of key) {
    node = childOf(trie, node, byte);
    if (node === -1) return -1;
  }
  return trie.ids[node] as number;
}

/** Length of the longest string of the trie that stands at `at`; 0 if none does. */
export function longestMatch(trie: ByteTrie, bytes: Uint8Array, at: number): number {
  let longest = 0;
  let node = 0;
  for (let index = at; index < bytes.length; index += 1) {
    node = childOf(trie, node, bytes[index] as number);
    if (node === -1) break;
    if (trie.ids[node] !== -1) longest = index + 1 - at;
  }
  return longest;
}

/** What node * 256 + byte leaves room for in 32 bits. */
const maxNodes = 2 ** 24 - 1;

/**
 * Where the key stands, or the empty slot where it would. Linear probing in a table that is at most half
 * full; 0x9e3779b1 is 2^32 over the golden ratio.
 */
function slotOf(edges: Uint32Array, key: number): number {
  const mask = edges.length - 2;
  const hash = Math.imul(key, 0x9e3779b1);
  let slot = ((hash ^ (hash >>> 15)) << 1) & mask;
  while (edges[slot] !== 0 && edges[slot] !== key) slot = (slot + 2) & mask;
  return slot;
}

function rehashed(edges: Uint32Array): Uint32Array<ArrayBuffer> {
  const wider = new Uint32Array(edges.length * 2);
  for (let index = 0; index < edges.length; index += 2) {
    const key = edges[index] as number;
    if (key === 0) continue;
    const slot = slotOf(wider, key);
    wider[slot] = key;
    wider[slot + 1] = edges[index + 1] as number;
  }
  return wider;
}

function grown(ids: Int32Array): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(ids.length * 2).fill(-1);
  longer.set(ids);
  return longer;
}
