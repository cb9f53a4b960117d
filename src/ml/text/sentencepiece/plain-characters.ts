// Indices are in range by construction in this file: a byte below 128, a number of two bytes.
import { type ByteTrie, mayBegin } from './byte-trie.ts';
import { type CharMap, mayHaveRule } from './char-map.ts';

/**
 * Characters that normalisation does not change, so that most of a text is copied without a lookup: no rule
 * and no verbatim piece begins with them.
 */
export interface PlainCharacters {
  /** Of ASCII, by the byte: 1 if it is plain before another character of ASCII, or at the end. */
  readonly ascii: Uint8Array;
  /** Whether the three bytes from `at` are a plain character; other lengths never are. */
  readonly isPlainWide: (bytes: Uint8Array, at: number) => boolean;
}

/** Finds the plain characters of a normalizer with these rules and verbatim pieces. */
export function plainCharacters(
  charMap: CharMap | undefined,
  verbatim: ByteTrie | undefined,
): PlainCharacters {
  const mayChange = (bytes: Uint8Array, at: number, end: number): boolean =>
    (charMap !== undefined && mayHaveRule(charMap, bytes, at, end)) ||
    (verbatim !== undefined && mayBegin(verbatim, bytes, at, end));
  const pair = new Uint8Array(2);
  const isPlainAscii = (byte: number): boolean => {
    pair[0] = byte;
    if (!mayChange(pair, 0, 1)) return true;
    for (let next = 0; next < 128; next += 1) {
      pair[1] = next;
      if (mayChange(pair, 0, 2)) return false;
    }
    return true;
  };
  // By code point: 1 plain, 2 not, 0 not known yet.
  const wide = new Uint8Array(0x10000);
  return {
    ascii: Uint8Array.from({ length: 128 }, (_, byte) => (isPlainAscii(byte) ? 1 : 0)),
    isPlainWide(bytes, at) {
      const first = bytes[at] as number;
      // 0xe0 and 0xed begin overlong forms and surrogates too.
      if (first < 0xe1 || first > 0xef || first === 0xed || at + 2 >= bytes.length) return false;
      const second = bytes[at + 1] as number;
      const third = bytes[at + 2] as number;
      if ((second & 0xc0) !== 0x80 || (third & 0xc0) !== 0x80) return false;
      const point = ((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f);
      if (wide[point] === 0) wide[point] = mayChange(bytes, at, at + 3) ? 2 : 1;
      return wide[point] === 1;
    },
  };
}
