import { isUtf8 } from 'node:buffer';

/**
 * The lines of protocol 0, as Python's pickle reads them. Lines are given byte for byte (latin1); undefined
 * is what Python refuses too.
 */

/** A number in digits; booleans are written as 00 and 01. */
export function integerLine(line: string): number | bigint | boolean | undefined {
  if (line === '00' || line === '01') return line === '01';
  if (!/^(0|-?[1-9]\d{0,999})$/.test(line)) return undefined;
  return Number.isSafeInteger(Number(line)) ? Number(line) : BigInt(line);
}

/** "inf" and "nan" in any case; digits of a number that no double holds are refused. */
export function floatLine(line: string): number | undefined {
  const special = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(line);
  if (special !== null)
    return special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
  const value = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(line) ? Number(line) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** A quoted bytes literal of Python 2, as text in UTF-8, which is how torch reads those. */
export function stringLine(line: string): string | undefined {
  const quoted = /^(['"])(.*)\1$/s.exec(line)?.[2];
  if (quoted === undefined) return undefined;
  let isWhole = true;
  const bytes = quoted.replace(
    /\\([0-7]{1,3}|x[0-9a-fA-F]{2}|[^])|\\$/g,
    (escape, code: string | undefined) => {
      if (code === undefined || code === 'x') isWhole = false;
      if (code === undefined) return '';
      if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
      if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
      return bytesEscapes[code] ?? escape;
    },
  );
  return isWhole ? utf8Text(Buffer.from(bytes, 'latin1')) : undefined;
}

const bytesEscapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/**
 * Python's raw-unicode-escape: \uXXXX and \UXXXXXXXX are escapes; every other character is literal, even a
 * doubled backslash.
 */
export function unicodeLine(line: string): string | undefined {
  let isWhole = true;
  const text = line.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g,
    (escape, short: string | undefined, long: string | undefined, other: string | undefined) => {
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (other === 'u' || other === 'U' || code > 0x10ffff) isWhole = false;
      return other === undefined && code <= 0x10ffff ? String.fromCodePoint(code) : escape;
    },
  );
  return isWhole ? text : undefined;
}

/** The bytes decoded as UTF-8, if they are valid. */
export const utf8Text = (bytes: Buffer): string | undefined =>
  isUtf8(bytes) ? bytes.toString('utf8') : undefined;
