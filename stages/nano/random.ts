/** A stream of numbers in [0, 1): the same seed gives the same stream on every machine. */
export type Random = () => number;

/**
 * Splitmix32: a counter and a 32-bit mixer (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
 * generators").
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** An integer in [0, end). */
export const below = (random: Random, end: number): number => Math.floor(random() * end);

/**
 * One element, each as likely as the others. The type asks for a first one, so an empty list does not
 * compile.
 */
export const pick = <T>(random: Random, list: readonly [T, ...T[]]): T =>
  list[below(random, list.length)] ?? list[0];

/** A shuffled copy: each element gets a random rank, so every order is as likely as any other. */
export const shuffled = <T>(random: Random, list: readonly T[]): T[] =>
  list
    .map((value) => ({ value, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
