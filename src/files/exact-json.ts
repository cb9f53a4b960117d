import type { Result } from '../result.ts';
import type { FileProblem } from './file-problem.ts';
import { parseJson } from './json.ts';

/** What a JSON text holds, no number rounded: integers beyond 2^53 are bigints. NaN and the infinities are numbers. */
export type ExactJson = null | boolean | number | bigint | string | readonly ExactJson[] | ExactObject;
export interface ExactObject {
  readonly [name: string]: ExactJson;
}

/**
 * Parses JSON as Python's `json` writes it: `NaN`, `Infinity` and `-Infinity` are values, integers have any length.
 * `path` and `line` say where the text stands, for the problem.
 */
export function parseExactJson(text: string, path: string, line = 1): Result<ExactJson, FileProblem> {
  if (!mayHoldOthers.test(text)) return parseJson(text, path, line);
  // As long as the text, so that a fault has the column that it has there.
  const plain = parseJson(
    withOthers(text, (bare) => '0'.padEnd(bare.length)),
    path,
    line,
  );
  if (!plain.ok) return plain;
  const mark = absentMark(text);
  const marked = withOthers(text, (bare) => `"${mark}${bare}"`);
  const value: ExactJson = JSON.parse(marked.replace(/^\uFEFF/, ''), (_, found: ExactJson) =>
    typeof found === 'string' && found.startsWith(mark) ? valueOf(found.slice(mark.length)) : found,
  );
  return { ok: true, value };
}

export const isExactObject = (value: ExactJson | undefined): value is ExactObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `Array.isArray` does not narrow a readonly array. */
export const isExactList = (value: ExactJson | undefined): value is readonly ExactJson[] =>
  Array.isArray(value);

const mayHoldOthers = /NaN|Infinity|\d{16}/;

const isOther = (bare: string): boolean =>
  /^(NaN|-?Infinity)$/.test(bare) || (/^-?[1-9]\d{15,}$/.test(bare) && !Number.isSafeInteger(Number(bare)));

const valueOf = (bare: string): number | bigint => (/^-?\d/.test(bare) ? BigInt(bare) : Number(bare));

/** More private-use characters in a row than the text holds: no string of it begins so. */
const absentMark = (text: string): string =>
  '\uF8FF'.repeat(1 + (text.match(/\uF8FF|\\uf8ff/gi)?.length ?? 0));

/** The text with each word or number that plain JSON lacks replaced, where it stands outside of strings. */
function withOthers(text: string, replacement: (bare: string) => string): string {
  const parts: string[] = [];
  for (let start = 0; start < text.length;) {
    const open = text.indexOf('"', start);
    const end = open === -1 ? text.length : open;
    parts.push(
      text.slice(start, end).replace(/[^\s[\]{},:]+/g, (bare) => (isOther(bare) ? replacement(bare) : bare)),
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
