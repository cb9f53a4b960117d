/**
 * 32 random bits that depend on nothing but the seed, the stream and the counter (all taken modulo 2^32): no
 * state, so any draw can be made alone and in any order. Counters and keys are spread by MurmurHash3's
 * finalizer.
 */
export const randomBits = (seed: number, stream: number, counter: number): number =>
  bitsAt(keyOf(seed, stream), counter);

/** What the draws of one stream have in common. */
const keyOf = (seed: number, stream: number): number => scramble(stream ^ scramble(seed + golden));

const bitsAt = (key: number, counter: number): number => scramble(scramble(counter + 1) ^ key) >>> 0;

/**
 * Random integers in [0, bound), by their counters. With `bound` far below 2^32 the bias of the
 * multiplication cannot be seen.
 */
export function randomBelow(bound: number, seed: number, stream: number): (counter: number) => number {
  const key = keyOf(seed, stream);
  return (counter) => Math.floor((bitsAt(key, counter) / 2 ** 32) * bound);
}

const golden = 0x9e3779b9;

function scramble(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}
