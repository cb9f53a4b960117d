import { wordsOf } from '../text/words.ts';

/** A test text that the training data has too: indices into the two lists. */
export interface Leak {
  readonly test: number;
  readonly train: number;
}

export interface Leakage {
  /** The same text, character by character. */
  readonly exact: readonly Leak[];
  /** Not the same, but with a Jaccard similarity of at least the threshold; texts that are exact leaks are not here. */
  readonly near: readonly Leak[];
}

/**
 * The test texts that also stand among the training texts, each once, with the first training text found for it.
 * Similarity is that of the sets of three words in a row, in lower case and without punctuation: |A and B| / |A or B|.
 * No pair that is similar enough is missed: two such sets share one of their rarest members, so only texts that do are
 * compared (S. Chaudhuri, V. Ganti, R. Kaushik, "A Primitive Operator for Similarity Joins", 2006).
 */
export function findLeakage(train: readonly string[], test: readonly string[], threshold = 0.8): Leakage {
  const firstOf = new Map<string, number>();
  train.forEach((text, index) => {
    if (!firstOf.has(text)) firstOf.set(text, index);
  });
  const exact: Leak[] = [];
  const rest: number[] = [];
  test.forEach((text, index) => {
    const found = firstOf.get(text);
    if (found === undefined) rest.push(index);
    else exact.push({ test: index, train: found });
  });
  const trainRows = [...firstOf.values()];
  const similar = firstSimilar(
    trainRows.map((row) => train[row] ?? ''),
    rest.map((row) => test[row] ?? ''),
    threshold,
  );
  const near = rest.flatMap((row, index) => {
    const found = trainRows[similar[index] ?? -1];
    return found === undefined ? [] : [{ test: row, train: found }];
  });
  return { exact, near };
}

/** For each text the first candidate that is similar enough, or -1. */
function firstSimilar(
  candidates: readonly string[],
  texts: readonly string[],
  threshold: number,
): Int32Array {
  const hashes = [candidates.map(shingleHashes), texts.map(shingleHashes)] as const;
  const frequencies = frequencyTable(hashes.flat());
  const rarestFirst = (shingles: Uint32Array): Float64Array => byRarity(shingles, frequencies);
  const sets = hashes[1].map(rarestFirst);
  const holders = holdersOfPrefixes(sets, threshold);
  const found = new Int32Array(texts.length).fill(-1);
  const comparedWith = new Int32Array(texts.length).fill(-1);
  hashes[0].map(rarestFirst).forEach((set, candidate) => {
    for (const shingle of prefixOf(set, threshold)) {
      for (const text of holders.get(shingle) ?? []) {
        if (found[text] !== -1 || comparedWith[text] === candidate) continue;
        comparedWith[text] = candidate;
        if (areSimilar(set, sets[text] ?? set, threshold)) found[text] = candidate;
      }
    }
  });
  return found;
}

/** Three words in a row, as a hash each; of a shorter text, all its words as one. */
function shingleHashes(text: string): Uint32Array {
  const words = wordsOf(text);
  const shingles = new Set<number>();
  for (let start = 0; start < Math.max(1, words.length - 2); start += 1) {
    const shingle = words.slice(start, start + 3).join(' ');
    if (shingle !== '') shingles.add(fnv1a(shingle));
  }
  return Uint32Array.from(shingles);
}

/** FNV-1a over UTF-16 units (G. Fowler, L. C. Noll, K.-P. Vo). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** About how many texts have a shingle, by the low bits of its hash: it decides what is looked at first, not what is found. */
function frequencyTable(sets: readonly Uint32Array[]): Uint32Array {
  const table = new Uint32Array(1 << 20);
  for (const set of sets)
    for (const shingle of set) table[shingle % table.length] = (table[shingle % table.length] ?? 0) + 1;
  return table;
}

/** The members as frequency * 2^32 + hash, in order: integers that a float64 holds (frequencies are cut at 2^20). */
function byRarity(shingles: Uint32Array, frequencies: Uint32Array): Float64Array {
  return Float64Array.from(
    shingles,
    (shingle) => Math.min(frequencies[shingle % frequencies.length] ?? 0, 1 << 20) * 2 ** 32 + shingle,
  ).sort();
}

/** Of two sets with at least this similarity, the prefixes have a member in common. */
const prefixOf = (set: Float64Array, threshold: number): Float64Array =>
  set.subarray(0, set.length - Math.ceil(threshold * set.length - 1e-9) + 1);

function holdersOfPrefixes(
  sets: readonly Float64Array[],
  threshold: number,
): ReadonlyMap<number, readonly number[]> {
  const holders = new Map<number, number[]>();
  sets.forEach((set, index) => {
    for (const shingle of prefixOf(set, threshold)) {
      const list = holders.get(shingle);
      if (list === undefined) holders.set(shingle, [index]);
      else list.push(index);
    }
  });
  return holders;
}

function areSimilar(left: Float64Array, right: Float64Array, threshold: number): boolean {
  if (Math.min(left.length, right.length) < threshold * Math.max(left.length, right.length) - 1e-9)
    return false;
  let common = 0;
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const difference = (left[i] as number) - (right[j] as number); // in range
    if (difference === 0) common += 1;
    if (difference <= 0) i += 1;
    if (difference >= 0) j += 1;
  }
  return common >= threshold * (left.length + right.length - common) - 1e-9;
}
