// Indices are in range by construction in this file: each is compared with the array's length first.
import type { Result } from '../../../result.ts';
import { damagedModel } from './damaged-model.ts';

/**
 * Rules that replace a run of bytes by another: a double array of 32-bit units as darts-clone has them, whose
 * values are offsets into texts that end with NUL.
 */
export interface CharMap {
  readonly units: Uint32Array;
  readonly texts: Uint8Array;
}

/**
 * Reads a precompiled character map: the double array's length in bytes (32-bit little endian), the double
 * array, the texts. No bytes: no map. Source: Normalizer::DecodePrecompiledCharsMap of sentencepiece 0.2,
 * darts.h of darts-clone.
 */
export function readCharMap(blob: Uint8Array): Result<CharMap | undefined> {
  if (blob.length === 0) return { ok: true, value: undefined };
  if (blob.length <= 4) return damagedModel(`its character map is ${blob.length} bytes long`);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const trieLength = view.getUint32(0, true);
  if (trieLength + 4 > blob.length)
    return damagedModel(
      `the trie of its character map is ${trieLength} bytes long, and it has ${blob.length} in all`,
    );
  const units = new Uint32Array(Math.floor(trieLength / 4));
  // Little endian, as every platform of onnxruntime-node is.
  new Uint8Array(units.buffer).set(blob.subarray(4, 4 + units.byteLength));
  if (units.length === 0) return damagedModel('the trie of its character map is empty');
  const texts = blob.subarray(4 + trieLength);
  const outside = units.find((unit) => isValue(unit) && valueOf(unit) >= texts.length);
  if (outside !== undefined)
    return damagedModel(
      `a rule of its character map points to byte ${valueOf(outside)} of ${texts.length} bytes of text`,
    );
  const charMap = { units, texts };
  if (longestReplacement(charMap) > maxReplacement)
    return damagedModel(`a replacement of its character map is longer than ${maxReplacement} bytes`);
  return { ok: true, value: charMap };
}

/** A run of bytes that has a rule: its length (0: none has), and where in `texts` its replacement starts. */
export interface FoundRule {
  length: number;
  text: number;
}

/**
 * Looks for the longest (or shortest) run of bytes from `at` that has a rule, and writes it to `found`: one
 * object serves a whole text.
 */
export function findRule(
  { units }: CharMap,
  bytes: Uint8Array,
  at: number,
  found: FoundRule,
  which: 'longest' | 'shortest' = 'longest',
): void {
  found.length = 0;
  let position = offsetOf(units[0] as number);
  for (let index = at; index < bytes.length; index += 1) {
    const byte = bytes[index] as number;
    position ^= byte;
    if (position >= units.length) return;
    const unit = units[position] as number;
    if ((unit & labelMask) !== byte) return;
    position ^= offsetOf(unit);
    if (position >= units.length) return;
    if (!hasLeaf(unit)) continue;
    found.length = index + 1 - at;
    found.text = valueOf(units[position] as number);
    if (which === 'shortest') return;
  }
}

/**
 * Whether a rule begins with bytes[at..end), or ends within them: if not, no rule matches at `at` in any text
 * with these bytes.
 */
export function mayHaveRule({ units }: CharMap, bytes: Uint8Array, at: number, end: number): boolean {
  let position = offsetOf(units[0] as number);
  for (let index = at; index < end; index += 1) {
    const byte = bytes[index] as number;
    position ^= byte;
    if (position >= units.length) return false;
    const unit = units[position] as number;
    if ((unit & labelMask) !== byte) return false;
    if (hasLeaf(unit)) return true;
    position ^= offsetOf(unit);
  }
  return true;
}

/** Where the text that starts at `start` ends: at the next NUL. */
export function textEnd({ texts }: CharMap, start: number): number {
  let end = start;
  while (end < texts.length && texts[end] !== 0) end += 1;
  return end;
}

/** A bound, so that no file can make a short text grow without limit. The longest of NFKC has 33 bytes. */
const maxReplacement = 1024;

/** The most bytes that one rule may put in. */
export function longestReplacement({ texts }: CharMap): number {
  let longest = 0;
  let length = 0;
  for (const byte of texts) {
    length = byte === 0 ? 0 : length + 1;
    longest = Math.max(longest, length);
  }
  return longest;
}

/**
 * A unit's lowest byte is the label of the edge into it; the highest bit marks a value, which no label
 * equals.
 */
const labelMask = 0x8000_00ff | 0;
const isValue = (unit: number): boolean => unit >= 0x8000_0000;
const valueOf = (unit: number): number => unit & 0x7fff_ffff;
const hasLeaf = (unit: number): boolean => (unit & 0x100) !== 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
