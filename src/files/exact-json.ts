import type { Result } from '../result.ts';
import type { FileProblem } from './file-problem.ts';
import { isJsonList, isJsonObject, type Json, parseJson } from './json.ts';

/**
 * The content of a JSON text without rounding: integers beyond 2^53 are bigints. NaN and the infinities are
 * numbers.
 */
export type ExactJson = null | boolean | number | bigint | string | readonly ExactJson[] | ExactObject;
export interface ExactObject {
  readonly [name: string]: ExactJson;
}

/** Parses JSON as `parseJson` does, and gives integers that a double cannot hold as bigints. */
export function parseExactJson(text: string, path: string, line = 1): Result<ExactJson, FileProblem> {
  if (!/\d{16}/.test(text)) return parseJson(text, path, line);
  // As long as the text, so that a fault has the column that it has there.
  const plain = parseJson(
    withLongIntegers(text, (digits) => '0'.padEnd(digits.length)),
    path,
    line,
  );
  if (!plain.ok) return plain;
  const mark = absentMark(text);
  const marked = parseJson(
    withLongIntegers(text, (digits) => `"${mark}${digits}"`),
    path,
    line,
  );
  return marked.ok ? { ok: true, value: unmarked(marked.value, mark) } : marked;
}

/** Whether a value is an object: neither null nor an array. */
export const isExactObject = (value: ExactJson | undefined): value is ExactObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `Array.isArray` does not narrow a readonly array. */
export const isExactList = (value: ExactJson | undefined): value is readonly ExactJson[] =>
  Array.isArray(value);

const isLongInteger = (bare: string): boolean =>
  /^-?[1-9]\d{15,}$/.test(bare) && !Number.isSafeInteger(Number(bare));

/** The value with a bigint in place of each marked text. */
function unmarked(value: Json, mark: string): ExactJson {
  if (typeof value === 'string') return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  if (isJsonList(value)) return value.map((member) => unmarked(member, mark));
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unmarked(member, mark)]))
    : value;
}

/** More private-use characters in a row than the text holds: no string of it begins so. */
const absentMark = (text: string): string =>
  '\uF8FF'.repeat(1 + (text.match(/\uF8FF|\\uf8ff/gi)?.length ?? 0));

/** The text with each long integer replaced, outside of strings. */
function withLongIntegers(text: string, replacement: (bare: string) => string): string {
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    const open = text.indexOf('"', start);
    const end = open === -1 ? text.length : open;
    parts.push(
      text
        .slice(start, end)
        .replace(/[^\s[\]{},:]+/g, (bare) => (isLongInteger(bare) ? replacement(bare) : bare)),
    );
    start = open === -1 ? end : stringEnd(text, open);
    parts.push(text.slice(end, start));
  }
  return parts.join('');
}

/** The offset after the string that begins with the quote at `open`. */
function stringEnd(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    const quote = text.indexOf('"', at);
    if (quote === -1) return text.length;
    let slashes = 0;
    while (text[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote;
  }
  return text.length;
}
