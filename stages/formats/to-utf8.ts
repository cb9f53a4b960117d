import type { Result } from '../../src/result.ts';

/** A text as UTF-8, and its original encoding. */
export interface Utf8Text {
  readonly bytes: Uint8Array;
  /** For messages: "UTF-16LE"; undefined: UTF-8, as expected. */
  readonly from?: string;
  /** Whether bytes had no meaning in that encoding; U+FFFD replaces them. */
  readonly isDamaged: boolean;
}

/** Why an encoding cannot be used; checked before anything is read. */
export function encodingFault(encoding: string): string | undefined {
  return isKnown(encoding)
    ? undefined
    : `unknown encoding ${JSON.stringify(encoding)}: expected a name of the WHATWG Encoding Standard ` +
        '(utf-8, utf-16le, gb18030, big5, windows-1252, …)';
}

function isKnown(encoding: string): boolean {
  try {
    return new TextDecoder(encoding).encoding !== '';
  } catch {
    return false;
  }
}

/**
 * The bytes of a text as UTF-8. A byte order mark determines their encoding; else `encoding` does, or they
 * are UTF-8.
 */
export function toUtf8(bytes: Uint8Array, encoding: string | undefined): Result<Utf8Text> {
  const marked = markedEncoding(bytes);
  if (marked === 'UTF-32')
    return {
      ok: false,
      error: 'is UTF-32, which is not supported: convert it with `iconv -f UTF-32 -t UTF-8`',
    };
  if (marked === undefined && encoding === undefined && looksLikeUtf16(bytes))
    return {
      ok: false,
      error:
        'has NUL at every other byte, like UTF-16 without a byte order mark: set the param ' +
        '`encoding` to utf-16le (or utf-16be)',
    };
  const name = marked ?? encoding ?? 'UTF-8';
  if (/^utf-?8$/i.test(name)) return { ok: true, value: { bytes, isDamaged: false } };
  const strict = decoded(bytes, name, { fatal: true });
  return {
    ok: true,
    value: {
      bytes: strict ?? decoded(bytes, name, { fatal: false }) ?? bytes,
      from: name,
      isDamaged: strict === undefined,
    },
  };
}

function markedEncoding(bytes: Uint8Array): string | undefined {
  const [a, b, c, d] = bytes;
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'UTF-8';
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16LE';
  if (a === 0xfe && b === 0xff) return 'UTF-16BE';
  return a === 0 && b === 0 && c === 0xfe && d === 0xff ? 'UTF-32' : undefined;
}

/** Text in Latin letters has a NUL in most pairs of bytes, always on the same side. */
function looksLikeUtf16(bytes: Uint8Array): boolean {
  const head = bytes.subarray(0, 1000);
  const zeros = [0, 0];
  head.forEach((byte, index) => {
    if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  return Math.max(even, odd) > head.length / 5 && Math.min(even, odd) === 0;
}

/** In pieces: the text of a large file would be longer than a string can be. */
function decoded(
  bytes: Uint8Array,
  encoding: string,
  options: { readonly fatal: boolean },
): Uint8Array | undefined {
  const decoder = new TextDecoder(encoding, options);
  const parts: Buffer[] = [];
  try {
    for (let start = 0; start < bytes.length; start += pieceLength)
      parts.push(Buffer.from(decoder.decode(bytes.subarray(start, start + pieceLength), { stream: true })));
    parts.push(Buffer.from(decoder.decode()));
    return Buffer.concat(parts);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const pieceLength = 1 << 24;
