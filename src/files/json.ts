import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import type { Result } from '../result.ts';
import { type FileProblem, fileProblem } from './file-problem.ts';
import { jsonFault } from './json-fault.ts';
import { writeFileAtomically } from './write-atomically.ts';

/** What a JSON text can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/**
 * Parses a text; `path` and `line` are its source, for the problem. A leading byte order mark is skipped, and
 * NaN, Infinity and -Infinity are accepted as in Python's json module.
 */
export function parseJson(text: string, path: string, line = 1): Result<Json, FileProblem> {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    const value: Json = JSON.parse(body);
    return { ok: true, value };
  } catch (error) {
    const plain = withoutNonFinite(body);
    if (plain !== body) return parsePython(body, plain, path, line);
    const fault = jsonFault(body, error instanceof Error ? error.message : '');
    return {
      ok: false,
      error: { path, line: line + fault.line - 1, column: fault.column, message: fault.message },
    };
  }
}

/**
 * A text that holds numbers which JSON has no words for; `plain`: the same without them, for the places of
 * other faults.
 */
function parsePython(body: string, plain: string, path: string, line: number): Result<Json, FileProblem> {
  const parsed = parseJson(plain, path, line);
  if (!parsed.ok) return parsed;
  // A mark that the text itself does not hold.
  let mark = 'number';
  while (body.includes(mark)) mark += '.';
  const value: Json = JSON.parse(
    body.replace(stringOrNonFinite, (found) => (found.startsWith('"') ? found : `"${mark}${found}"`)),
    (_, member: unknown) =>
      typeof member === 'string' && member.startsWith(mark) ? Number(member.slice(mark.length)) : member,
  );
  return { ok: true, value };
}

const stringOrNonFinite = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\w.+-])(?:NaN|-?Infinity)(?![\w.])/gs;

/** Each such number as a zero of the same width. */
const withoutNonFinite = (body: string): string =>
  body.replace(stringOrNonFinite, (found) => (found.startsWith('"') ? found : '0'.padEnd(found.length)));

/** The value of a JSON text; undefined if it is not JSON. */
export function jsonIn(text: string): Json | undefined {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** Reads a JSON file (UTF-8). */
export async function readJson(path: string): Promise<Result<Json, FileProblem>> {
  try {
    const bytes = await readFile(path);
    return isUtf8(bytes)
      ? parseJson(bytes.toString('utf8'), path)
      : { ok: false, error: { path, message: 'is not UTF-8' } };
  } catch (error) {
    return { ok: false, error: fileProblem(path, error) };
  }
}

/** Writes a JSON file, indented by two, closed by a line end, atomically. */
export function writeJson(path: string, value: unknown): Promise<Result<void, FileProblem>> {
  return writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Whether a value is an object: neither null nor an array. */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `Array.isArray` does not narrow a readonly array. */
export const isJsonList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** A value as an error shows it: the beginning of its JSON. */
export function shownJson(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
