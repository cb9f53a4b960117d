/**
 * 32 random bits that depend on nothing but the seed, the stream and the counter (all taken modulo 2^32): no
 * state, so any draw can be made alone and in any order. Counters and keys are spread by MurmurHash3's
 * finalizer.
 */
export const randomBits = (seed: number, stream: number, counter: number): number =>
  scramble(scramble(counter + 1) ^ scramble(stream ^ scramble(seed + golden))) >>> 0;

/**
 * A random integer in [0, bound). With `bound` far below 2^32 the bias of the multiplication cannot be seen.
 */
export const randomBelow = (bound: number, seed: number, stream: number, counter: number): number =>
  Math.floor((randomBits(seed, stream, counter) / 2 ** 32) * bound);

const golden = 0x9e3779b9;

function scramble(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2ae35);
  return second ^ (second >>> 16);
}
