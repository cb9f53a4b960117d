import { isUtf8 } from 'node:buffer';
import { isJsonObject, parseJson } from '../../src/files/json.ts';
import { lineEndCheck, lineFeed, textStart } from './line-ends.ts';
import { type BadRecord, type RawItem, longestRecord } from './raw-record.ts';

/** The objects of a JSON Lines file, split at LF only: texts may hold U+2028 and the like. Blank lines are passed over. */
export function* jsonRecords(bytes: Uint8Array): Generator<RawItem> {
  const checkLineEnd = lineEndCheck(bytes);
  let start = yield* textStart(bytes);
  let isFirst = true;
  for (let line = 1; start < bytes.length; line += 1) {
    const found = bytes.indexOf(lineFeed, start);
    const end = found === -1 ? bytes.length : found + 1;
    const content = bytes.subarray(start, end);
    if (isFirst && beginsArray(content))
      return yield {
        kind: 'bad',
        line,
        reason: 'not JSON',
        detail:
          "the file is one JSON array: expected an object on each line (JSON Lines), as `jq -c '.[]'` makes them of an array",
      };
    isFirst &&= isBlank(content);
    yield* checkLineEnd(line, end);
    yield* itemsOf(content, line);
    start = end;
  }
}

function* itemsOf(bytes: Uint8Array, line: number): Generator<RawItem> {
  const bad = (reason: BadRecord['reason'], detail: string): RawItem => ({
    kind: 'bad',
    line,
    reason,
    detail,
  });
  if (bytes.length > longestRecord)
    return yield bad('record too long', `the line has ${bytes.length} bytes, more than ${longestRecord}`);
  if (!isUtf8(bytes)) return yield bad('not UTF-8', 'the line is not UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (/^[ \t\r]*$/.test(text)) return;
  if (text.startsWith('\uFEFF'))
    yield {
      kind: 'repaired',
      line,
      reason: 'byte order mark',
      detail: 'the line begins with a byte order mark (EF BB BF)',
    };
  const parsed = parseJson(text, '', line);
  if (!parsed.ok)
    yield bad(
      'not JSON',
      `column ${parsed.error.column ?? 1}: ${parsed.error.message.replace(/^is not JSON: /, '')}`,
    );
  else if (isJsonObject(parsed.value)) yield { kind: 'record', line, values: parsed.value };
  else yield bad('wrong columns', 'expected an object');
}

/** A line that holds a list of something else than objects is a bad line, and no more. */
const beginsArray = (line: Uint8Array): boolean => /^\s*\[\s*(\{|$)/.test(beginning(line));

const isBlank = (line: Uint8Array): boolean => /^\s*$/.test(beginning(line));

const beginning = (line: Uint8Array): string => Buffer.from(line.subarray(0, 1000)).toString('latin1');
