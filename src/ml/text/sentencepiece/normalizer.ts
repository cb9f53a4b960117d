// Indices are in range by construction in this file: positions lie between 0 and a length that was compared
// before.
import type { Result } from '../../../result.ts';
import { type ByteTrie, longestMatch } from './byte-trie.ts';
import { type CharMap, findRule, type FoundRule, readCharMap, textEnd } from './char-map.ts';
import type { NormalizerSpec } from './model-proto.ts';
import { type PlainCharacters, plainCharacters } from './plain-characters.ts';
import { validLength } from './utf8.ts';

/** How a text is rewritten before it is cut into pieces. */
export interface Normalizer {
  readonly charMap: CharMap | undefined;
  /** User-defined pieces: no rule changes them. */
  readonly verbatim: ByteTrie | undefined;
  readonly plain: PlainCharacters;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
  readonly whitespaceAsSuffix: boolean;
}

/** What a normalizer keeps to beside the file's own section for it. */
export type NormalizerSetting = Pick<Normalizer, 'verbatim' | 'whitespaceAsSuffix'>;

/** The normalizer that a model file describes; the error says why its rules are damaged. */
export function readNormalizer(
  { charMap: blob, ...flags }: NormalizerSpec,
  setting: NormalizerSetting,
): Result<Normalizer> {
  const charMap = readCharMap(blob);
  if (!charMap.ok) return charMap;
  const plain = plainCharacters(charMap.value, setting.verbatim);
  return { ok: true, value: { ...flags, ...setting, charMap: charMap.value, plain } };
}

/**
 * The normalised form of a text, both in UTF-8: at each position the longest rule applies, else one character
 * is copied (a malformed byte becomes U+FFFD); the flags decide whether spaces are trimmed, joined and shown
 * as U+2581. As Normalizer::Normalize of sentencepiece 0.2.
 */
export function normalizeBytes(normalizer: Normalizer, input: Uint8Array): Uint8Array {
  const { addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces, whitespaceAsSuffix, plain } = normalizer;
  const space = escapeWhitespaces ? escapedSpace : plainSpace;
  const part: Part = { bytes: input, start: 0, end: 0, next: 0, rule: { length: 0, text: 0 } };
  let at = 0;
  if (removeExtraWhitespaces) {
    for (; at < input.length; at = part.next) {
      readPart(normalizer, input, at, part);
      if (part.end - part.start !== 1 || part.bytes[part.start] !== 0x20) break;
    }
  }
  if (at === input.length) return input.subarray(0, 0);

  // Always has room for the rest of the input, at three bytes each, and for a suffix.
  let output = new Uint8Array((input.length - at + 2) * 3);
  let length = 0;
  const addSpace = () => {
    for (let index = 0; index < space.length; index += 1) output[length + index] = space[index] as number;
    length += space.length;
  };
  if (addDummyPrefix && !whitespaceAsSuffix) addSpace();
  let afterSpace = removeExtraWhitespaces;
  while (at < input.length) {
    const first = input[at] as number;
    if (first < 0x80 && plain.ascii[first] === 1 && !((input[at + 1] as number) >= 0x80)) {
      if (first !== 0x20) {
        output[length] = first;
        length += 1;
        afterSpace = false;
      } else if (!afterSpace) {
        addSpace();
        afterSpace = removeExtraWhitespaces;
      }
      at += 1;
      continue;
    }
    if (plain.isPlainWide(input, at)) {
      output[length] = first;
      output[length + 1] = input[at + 1] as number;
      output[length + 2] = input[at + 2] as number;
      length += 3;
      at += 3;
      afterSpace = false;
      continue;
    }
    readPart(normalizer, input, at, part);
    const { bytes, end } = part;
    let { start } = part;
    if (afterSpace) while (start < end && bytes[start] === 0x20) start += 1;
    at = part.next;
    const room = length + (end - start + input.length - at + 1) * 3;
    if (output.length < room) output = enlarged(output, room);
    for (let index = start; index < end; index += 1) {
      const byte = bytes[index] as number;
      if (byte === 0x20) addSpace();
      else {
        output[length] = byte;
        length += 1;
      }
    }
    if (start < end) afterSpace = removeExtraWhitespaces && bytes[end - 1] === 0x20;
  }
  if (removeExtraWhitespaces) while (endsWith(output, length, space)) length -= space.length;
  if (addDummyPrefix && whitespaceAsSuffix) addSpace();
  return output.subarray(0, length);
}

/** The replacement of the next bytes of the input, and where the bytes after them start. */
interface Part {
  bytes: Uint8Array;
  start: number;
  end: number;
  next: number;
  readonly rule: FoundRule;
}

/** Writes to `part`, so that no object is made for each character. */
function readPart({ charMap, verbatim }: Normalizer, input: Uint8Array, at: number, part: Part): void {
  const kept = verbatim === undefined ? 0 : longestMatch(verbatim, input, at);
  if (kept === 0 && charMap !== undefined) {
    findRule(charMap, input, at, part.rule);
    if (part.rule.length > 0) {
      part.bytes = charMap.texts;
      part.start = part.rule.text;
      part.end = textEnd(charMap, part.rule.text);
      part.next = at + part.rule.length;
      return;
    }
  }
  const length = kept || validLength(input, at);
  part.bytes = length === 0 ? replacement() : input;
  part.start = length === 0 ? 0 : at;
  part.end = length === 0 ? part.bytes.length : at + length;
  part.next = at + (length || 1);
}

/** U+FFFD. Text of JavaScript is well-formed: only a rule that ends inside a character leads here. */
const replacement = (): Uint8Array => Uint8Array.of(0xef, 0xbf, 0xbd);

/** U+2581, and the space that it represents. */
const escapedSpace = [0xe2, 0x96, 0x81] as const;
const plainSpace = [0x20] as const;

function endsWith(bytes: Uint8Array, length: number, suffix: readonly number[]): boolean {
  if (length < suffix.length) return false;
  for (let index = 0; index < suffix.length; index += 1)
    if (bytes[length - suffix.length + index] !== suffix[index]) return false;
  return true;
}

function enlarged(bytes: Uint8Array<ArrayBuffer>, least: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(Math.max(least, bytes.length * 2));
  longer.set(bytes);
  return longer;
}
