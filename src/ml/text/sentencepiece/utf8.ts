/**
 * Length in bytes that the first byte of a character claims; a stray or impossible byte counts as one. As
 * sentencepiece's OneCharLen.
 */
export const claimedLength = (first: number): number =>
  first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

/**
 * Length in bytes of the well-formed character at `at`, or 0: overlong forms, surrogates, numbers past
 * U+10FFFF and cut ones are malformed. As sentencepiece's DecodeUTF8 (so each malformed byte counts alone,
 * where TextDecoder joins them).
 */
export function validLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0xff;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = claimedLength(first);
  const second = bytes[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let index = at + 2; index < at + length; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/** Text of bytes; each malformed byte gives one U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = '';
  let done = 0;
  for (let at = 0; at < bytes.length;) {
    const length = validLength(bytes, at);
    if (length === 0) {
      text += `${buffer.toString('utf8', done, at)}\ufffd`;
      done = at + 1;
    }
    at += length || 1;
  }
  return text + buffer.toString('utf8', done);
}
