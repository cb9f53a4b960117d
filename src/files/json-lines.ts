import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Result } from '../result.ts';
import { type FileProblem, fileProblem } from './file-problem.ts';
import { type Json, parseJson } from './json.ts';
import { writeFileAtomically } from './write-atomically.ts';

/** One value of a JSON Lines file; lines count from 1. */
export interface JsonLine {
  readonly line: number;
  readonly value: Json;
}

/**
 * Reads a JSON Lines file line by line (UTF-8, split at "\n" only: texts may hold U+2028 and the like; blank
 * lines are passed over). A line that is not JSON, not UTF-8, or longer than `maxLineBytes` is a problem that
 * names the line; the lines after it are still read. A file that cannot be read is one problem without a
 * line.
 */
export async function* readJsonLines(
  path: string,
  maxLineBytes = 1 << 28,
): AsyncGenerator<Result<JsonLine, FileProblem>> {
  let line = 0;
  try {
    for await (const bytes of splitLines(createReadStream(path, { highWaterMark: 1 << 18 }), maxLineBytes)) {
      line += 1;
      const parsed = bytes === undefined ? tooLong(path, line, maxLineBytes) : parseLine(bytes, path, line);
      if (parsed !== undefined) yield parsed;
    }
  } catch (error) {
    yield { ok: false, error: fileProblem(path, error) };
  }
}

/**
 * Writes values as JSON Lines, atomically. It pulls the values one by one, so a long file is never in memory.
 */
export function writeJsonLines(
  path: string,
  values: Iterable<unknown> | AsyncIterable<unknown>,
): Promise<Result<void, FileProblem>> {
  return writeFileAtomically(path, encodedLines(values));
}

function parseLine(bytes: Buffer, path: string, line: number): Result<JsonLine, FileProblem> | undefined {
  if (!isUtf8(bytes)) return { ok: false, error: { path, line, message: 'is not UTF-8' } };
  const text = bytes.toString('utf8');
  if (/^[ \t\r]*$/.test(text)) return undefined;
  const parsed = parseJson(text, path, line);
  return parsed.ok ? { ok: true, value: { line, value: parsed.value } } : parsed;
}

const tooLong = (path: string, line: number, limit: number): Result<never, FileProblem> => ({
  ok: false,
  error: { path, line, message: `is longer than ${limit} bytes` },
});

/** The bytes of each line; `undefined` for a line over the limit, which is discarded. */
async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Buffer | undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineEnd); end !== -1; end = chunk.indexOf(lineEnd, start)) {
      keep(chunk.subarray(start, end));
      yield taken();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (length > 0) yield taken();

  function keep(part: Uint8Array): void {
    length += part.length;
    if (length > limit) parts = [];
    else parts.push(part);
  }
  function taken(): Buffer | undefined {
    const line = length > limit ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return line;
  }
}

const lineEnd = 0x0a;

/** Pieces of some hundred kilobytes: one write a line would cost more than the lines. */
async function* encodedLines(values: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const value of values) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < 1 << 18) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
