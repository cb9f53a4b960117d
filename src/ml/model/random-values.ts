import { hashCombineOf } from '../tensor/ops/random.ts';

/**
 * Values drawn for a parameter: each depends on the seed, the parameter's name and its place alone, so no
 * parameter's values move when another one is added.
 */
export function normalValues(count: number, deviation: number, seed: number, name: string): Float32Array {
  const key = hashOfText(name, seed);
  return Float32Array.from({ length: count }, (_, index) => deviation * normal(hashCombineOf(key, index)));
}

/** Evenly between -bound and bound. */
export function uniformValues(count: number, bound: number, seed: number, name: string): Float32Array {
  const key = hashOfText(name, seed);
  return Float32Array.from(
    { length: count },
    (_, index) => bound * (2 * unit(hashCombineOf(key, index)) - 1),
  );
}

/** A 32-bit hash of a text, int32. */
export const hashOfText = (text: string, seed = 0): number =>
  Array.from(text).reduce(
    (state, character) => hashCombineOf(state, character.codePointAt(0) ?? 0),
    hashCombineOf(seed | 0, text.length),
  );

/** One value of the standard normal distribution from 32 bits (Box and Muller 1958). */
const normal = (bits: number): number =>
  Math.sqrt(-2 * Math.log(unit(bits))) * Math.cos(2 * Math.PI * unit(hashCombineOf(bits, 1)));

/** Inside (0, 1), never at its ends. */
const unit = (bits: number): number => ((bits >>> 0) + 0.5) / 2 ** 32;
