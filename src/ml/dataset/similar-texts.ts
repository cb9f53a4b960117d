/** When two texts are near duplicates: either is enough. */
export interface Similarity {
  /** Of the sets of three words in a row: |A and B| / |A or B|. */
  readonly shingles: number;
  /** Of the words of the longer text, the share that is in the same order in the other. */
  readonly aligned: number;
}

/** One changed word of twenty is within both. */
export const nearDuplicate: Similarity = { shingles: 0.7, aligned: 0.9 };

type Words = readonly string[];

/**
 * For each text, the first candidate that is similar enough, or -1. Texts without words are similar to
 * nothing. With
 * `earlier`, the candidates are the texts themselves and only those before a text count. No pair is missed:
 * texts are compared if they share one of their rarest members, which similar ones do (S. Chaudhuri, V.
 * Ganti, R. Kaushik, "A Primitive Operator for Similarity Joins", 2006).
 */
export function firstSimilar(
  candidates: readonly Words[],
  texts: readonly Words[],
  similarity: Similarity = nearDuplicate,
  { earlier = false }: { readonly earlier?: boolean } = {},
): readonly number[] {
  const numbers = wordNumbers();
  const [of, queries] = [candidates.map(numbers), texts.map(numbers)];
  const byShingles = join(of.map(shinglesOf), queries.map(shinglesOf), {
    earlier,
    leastCommon: (size) => similarity.shingles * size,
    areSimilar: (common, left, right) => common >= similarity.shingles * (left + right - common) - tolerance,
  });
  const byAlignment = join(of.map(pairsOf), queries.map(pairsOf), {
    earlier,
    leastCommon: (size) => leastPairs(size + 1, similarity.aligned),
    areSimilar: (common, left, right, candidate, text) =>
      common >= leastPairs(Math.max(left, right) + 1, similarity.aligned) - tolerance &&
      areAligned(of[candidate] ?? [], queries[text] ?? [], similarity.aligned),
  });
  return texts.map((_, text) => {
    const found = [byShingles[text] ?? -1, byAlignment[text] ?? -1].filter((candidate) => candidate !== -1);
    return found.length === 0 ? -1 : Math.min(...found);
  });
}

/** Shares of sizes are not exact in binary. */
const tolerance = 1e-9;

/**
 * Of two texts of at most `length` words of which `share` are aligned, how many pairs of neighbours are
 * surely common: each word that is not aligned, on either side, parts one pair of the aligned ones.
 */
const leastPairs = (length: number, share: number): number => (3 * share - 2) * length - 1;

/** Gives each word a number, the same for all texts. */
function wordNumbers(): (words: Words) => readonly number[] {
  const known = new Map<string, number>();
  return (words) =>
    words.map((word) => {
      const number = known.get(word) ?? known.size;
      if (number === known.size) known.set(word, number);
      return number;
    });
}

/** Three words in a row, as a hash each; of a shorter text, all its words as one. */
function shinglesOf(words: readonly number[]): Uint32Array {
  if (words.length === 0) return new Uint32Array();
  const shingles = new Set<number>();
  for (let start = 0; start < Math.max(1, words.length - 2); start += 1)
    shingles.add(hashOf(words.slice(start, start + 3)));
  return Uint32Array.from(shingles);
}

/** Two words in a row, as a hash each; the second time that a pair occurs it is another. */
function pairsOf(words: readonly number[]): Uint32Array {
  const times = new Map<number, number>();
  return Uint32Array.from({ length: Math.max(0, words.length - 1) }, (_, start) => {
    const pair = hashOf(words.slice(start, start + 2));
    const time = times.get(pair) ?? 0;
    times.set(pair, time + 1);
    return time === 0 ? pair : hashOf([pair, time]);
  });
}

/** FNV-1a over 16-bit halves (G. Fowler, L. C. Noll, K.-P. Vo). */
function hashOf(numbers: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (const number of numbers)
    for (const half of [number & 0xffff, number >>> 16]) hash = Math.imul(hash ^ half, 0x01000193);
  return hash >>> 0;
}

interface JoinRule {
  readonly earlier: boolean;
  /** How many members a set of this size has in common with any that is similar to it. */
  readonly leastCommon: (size: number) => number;
  readonly areSimilar: (
    common: number,
    left: number,
    right: number,
    candidate: number,
    text: number,
  ) => boolean;
}

/** For each set of `texts` the first candidate that is similar by the rule, or -1. */
function join(candidates: readonly Uint32Array[], texts: readonly Uint32Array[], rule: JoinRule): Int32Array {
  const frequencies = frequencyTable([...candidates, ...texts]);
  const rarestFirst = (members: Uint32Array): Float64Array => byRarity(members, frequencies);
  const sets = texts.map(rarestFirst);
  const holders = holdersOfPrefixes(sets, rule);
  const found = new Int32Array(texts.length).fill(-1);
  const comparedWith = new Int32Array(texts.length).fill(-1);
  candidates.map(rarestFirst).forEach((set, candidate) => {
    for (const member of prefixOf(set, rule)) {
      for (const text of holders.get(member) ?? []) {
        if (found[text] !== -1 || comparedWith[text] === candidate || (rule.earlier && candidate >= text))
          continue;
        comparedWith[text] = candidate;
        const other = sets[text] ?? set;
        if (rule.areSimilar(commonMembers(set, other), set.length, other.length, candidate, text))
          found[text] = candidate;
      }
    }
  });
  return found;
}

/**
 * About how many sets have a member, by the low bits of its hash: it decides what is compared first, not
 * what is found. Few members get a small table, since to clear a large one takes longer than to compare them.
 */
function frequencyTable(sets: readonly Uint32Array[]): Uint32Array {
  const members = sets.reduce((sum, { length }) => sum + length, 0);
  const table = new Uint32Array(Math.min(1 << 20, 2 ** Math.ceil(Math.log2(4 * members + 1))));
  for (const set of sets)
    for (const member of set) table[member % table.length] = (table[member % table.length] ?? 0) + 1;
  return table;
}

/**
 * The members as frequency * 2^32 + hash, in order: integers that a float64 holds (frequencies are cut at
 * 2^20).
 */
function byRarity(members: Uint32Array, frequencies: Uint32Array): Float64Array {
  return Float64Array.from(
    members,
    (member) => Math.min(frequencies[member % frequencies.length] ?? 0, 1 << 20) * 2 ** 32 + member,
  ).sort();
}

/** Of two sets with as many members in common as the rule asks for, the prefixes have one in common. */
function prefixOf(set: Float64Array, { leastCommon }: JoinRule): Float64Array {
  const least = Math.max(1, Math.ceil(leastCommon(set.length) - tolerance));
  return set.subarray(0, Math.max(0, set.length - least + 1));
}

function holdersOfPrefixes(
  sets: readonly Float64Array[],
  rule: JoinRule,
): ReadonlyMap<number, readonly number[]> {
  const holders = new Map<number, number[]>();
  sets.forEach((set, index) => {
    for (const member of prefixOf(set, rule)) {
      const list = holders.get(member);
      if (list === undefined) holders.set(member, [index]);
      else list.push(index);
    }
  });
  return holders;
}

function commonMembers(left: Float64Array, right: Float64Array): number {
  let common = 0;
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    const difference = (left[i] as number) - (right[j] as number); // in range
    if (difference === 0) common += 1;
    if (difference <= 0) i += 1;
    if (difference >= 0) j += 1;
  }
  return common;
}

/**
 * Whether the longest common subsequence has this share of the longer text, by the greedy search over edits,
 * which stops at the most that the share allows (E. W. Myers, "An O(ND) Difference Algorithm and Its
 * Variations", 1986).
 */
function areAligned(left: readonly number[], right: readonly number[], share: number): boolean {
  const [n, m] = [left.length, right.length];
  const most = Math.floor(n + m - 2 * share * Math.max(n, m) + tolerance);
  if (Math.abs(n - m) > most) return false;
  const reach = new Int32Array(2 * most + 3);
  for (let edits = 0; edits <= most; edits += 1)
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const at = diagonal + most + 1;
      const [below, above] = [reach[at - 1] ?? 0, reach[at + 1] ?? 0];
      let x = diagonal === -edits || (diagonal !== edits && below < above) ? above : below + 1;
      while (x < n && x - diagonal < m && left[x] === right[x - diagonal]) x += 1;
      reach[at] = x;
      if (x >= n && x - diagonal >= m) return true;
    }
  return false;
}
