/**
 * The numbers from 0 to count - 1 in the order that Python gives them: `random.Random(seed).shuffle(indices)`
 * of CPython
 * 3.2 and later, for an integer seed (its sign does not count, as there). Every order of rows in the project
 * is made here, so it can be made again with Python. `count` is less than 2^32.
 */
export function shuffledIndices(count: number, seed: number | bigint): readonly number[] {
  const next = mersenneTwister(wordsOf(BigInt(seed)));
  const indices = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = randomBelow(last + 1, next);
    [indices[last], indices[other]] = [indices[other] as number, indices[last] as number]; // both in range
  }
  return indices;
}

/** Python's `_randbelow_with_getrandbits`: as many bits as the bound has, until they are less than it. */
function randomBelow(bound: number, next: () => number): number {
  const unused = Math.clz32(bound);
  let value = next() >>> unused;
  while (value >= bound) value = next() >>> unused;
  return value;
}

/** The magnitude of a seed in 32-bit words, the lowest first. */
function wordsOf(seed: bigint): readonly number[] {
  const words: number[] = [];
  for (let rest = seed < 0n ? -seed : seed; rest > 0n || words.length === 0; rest >>= 32n)
    words.push(Number(rest & 0xffffffffn));
  return words;
}

/**
 * MT19937, seeded by `init_by_array`: M. Matsumoto and T. Nishimura, "Mersenne Twister: A 623-dimensionally
 * equidistributed uniform pseudorandom number generator" (1998), and mt19937ar.c (2002). Gives 32-bit
 * integers. Indices are in range by construction.
 */
function mersenneTwister(key: readonly number[]): () => number {
  const state = seededState(key);
  let position = stateSize;
  return () => {
    if (position === stateSize) {
      regenerate(state);
      position = 0;
    }
    return tempered(state[position++] as number);
  };
}

const stateSize = 624;
const middle = 397;

function seededState(key: readonly number[]): Uint32Array {
  const state = new Uint32Array(stateSize);
  state[0] = 19650218;
  for (let index = 1; index < stateSize; index += 1)
    state[index] = Math.imul(1812433253, mixed(state, index)) + index;
  let index = 1;
  const advance = (): void => {
    index += 1;
    if (index < stateSize) return;
    state[0] = state[stateSize - 1] as number;
    index = 1;
  };
  for (let step = 0; step < Math.max(stateSize, key.length); step += 1) {
    const place = step % key.length;
    state[index] =
      ((state[index] as number) ^ Math.imul(mixed(state, index), 1664525)) + (key[place] as number) + place;
    advance();
  }
  for (let step = 1; step < stateSize; step += 1) {
    state[index] = ((state[index] as number) ^ Math.imul(mixed(state, index), 1566083941)) - index;
    advance();
  }
  state[0] = 0x80000000;
  return state;
}

/** The word before an index, its two highest bits spread. */
function mixed(state: Uint32Array, index: number): number {
  const before = state[index - 1] as number;
  return before ^ (before >>> 30);
}

function regenerate(state: Uint32Array): void {
  for (let index = 0; index < stateSize; index += 1) {
    const low = state[(index + 1) % stateSize] as number;
    const joined = ((state[index] as number) & 0x80000000) | (low & 0x7fffffff);
    state[index] =
      (state[(index + middle) % stateSize] as number) ^ (joined >>> 1) ^ ((low & 1) === 0 ? 0 : 0x9908b0df);
  }
}

function tempered(word: number): number {
  let bits = word ^ (word >>> 11);
  bits ^= (bits << 7) & 0x9d2c5680;
  bits ^= (bits << 15) & 0xefc60000;
  return (bits ^ (bits >>> 18)) >>> 0;
}
