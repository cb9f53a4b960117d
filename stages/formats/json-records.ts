import { isUtf8 } from 'node:buffer';
import { type ExactObject, isExactObject, parseExactJson } from '../../src/files/exact-json.ts';
import { afterSpace, listElements, objectMembers, openList, openObject, valueEnd } from './json-layout.ts';
import { lineCounter, lineEndCheck, lineFeed, textStart } from './line-ends.ts';
import { type BadRecord, type RawItem, longestRecord, type Unreadable } from './raw-record.ts';

/**
 * The objects of a JSON file. One on each line (JSON Lines, split at LF only: texts may hold U+2028 and the
 * like), in one list, in a list that an object holds (`{"data": [...]}`), or one after the other over several
 * lines, as jq prints them.
 */
export function jsonRecords(
  bytes: Uint8Array,
  { damagedEncoding }: { readonly damagedEncoding?: string | undefined } = {},
): { readonly name: string; readonly items: Iterable<RawItem> } {
  const layout = layoutOf(bytes);
  return {
    name: layout.kind === 'lines' ? 'JSON Lines' : layout.kind === 'list' ? 'JSON list' : 'JSON objects',
    items: items(),
  };

  function* items(): Generator<RawItem> {
    const start = yield* textStart(bytes);
    if (layout.kind === 'lines') yield* lineItems(bytes, start, damagedEncoding);
    else if (layout.kind === 'list') yield* elementItems(bytes, layout.open, damagedEncoding);
    else yield* objectItems(bytes, start, damagedEncoding);
  }
}

type Layout =
  | { readonly kind: 'lines' }
  | { readonly kind: 'list'; readonly open: number }
  | { readonly kind: 'objects' };

function layoutOf(bytes: Uint8Array): Layout {
  const start = afterSpace(bytes, bytes[0] === 0xef ? 3 : 0);
  if (bytes[start] === openList)
    return beginsListOfObjects(bytes, start) ? { kind: 'list', open: start } : lines;
  if (bytes[start] !== openObject) return lines;
  const end = valueEnd(bytes, start);
  if (afterSpace(bytes, end) >= bytes.length) return layoutOfObject(bytes, start, end);
  return isOnOneLine(bytes, start, end) || !isObject(bytes, start, end) ? lines : { kind: 'objects' };
}

const lines: Layout = { kind: 'lines' };

/** A line with a list that does not contain objects is only a bad line. */
const beginsListOfObjects = (bytes: Uint8Array, open: number): boolean => {
  const first = afterSpace(bytes, open + 1);
  return (
    bytes[first] === openObject || first >= bytes.length || bytes.subarray(open, first).includes(lineFeed)
  );
};

/**
 * The file is one object: the list of records in it, if there is one under "data" or only one in all; else
 * itself a record.
 */
function layoutOfObject(bytes: Uint8Array, start: number, end: number): Layout {
  const lists = [...objectMembers(bytes, start)].filter(
    (member) => bytes[member.start] === openList && bytes[afterSpace(bytes, member.start + 1)] === openObject,
  );
  const list = lists.find(({ name }) => name === 'data') ?? (lists.length === 1 ? lists[0] : undefined);
  if (list !== undefined && !conversationNames.includes(list.name)) return { kind: 'list', open: list.start };
  return isOnOneLine(bytes, start, end) ? lines : { kind: 'objects' };
}

/**
 * A list under one of these names is a conversation: the object is a record with one, not a file of records.
 */
const conversationNames = ['messages', 'conversations'];

const isOnOneLine = (bytes: Uint8Array, start: number, end: number): boolean =>
  !bytes.subarray(start, end).includes(lineFeed);

const isObject = (bytes: Uint8Array, start: number, end: number): boolean =>
  end - start <= longestRecord &&
  parseExactJson(Buffer.from(bytes.subarray(start, end)).toString('utf8'), '').ok;

function* lineItems(bytes: Uint8Array, first: number, damaged: string | undefined): Generator<RawItem> {
  const checkLineEnd = lineEndCheck(bytes);
  for (let start = first, line = 1; start < bytes.length; line += 1) {
    const found = bytes.indexOf(lineFeed, start);
    const end = found === -1 ? bytes.length : found + 1;
    yield* checkLineEnd(line, end);
    yield* itemsOf(bytes.subarray(start, end), line, damaged);
    start = end;
  }
}

function* elementItems(bytes: Uint8Array, open: number, damaged: string | undefined): Generator<RawItem> {
  const lineAt = lineCounter(bytes);
  const elements = listElements(bytes, open);
  for (let next = elements.next(); ; next = elements.next()) {
    if (next.done === true) {
      if (!next.value.closed)
        yield bad(
          lineAt(bytes.length),
          'not JSON',
          'the list has no closing bracket: the file may be truncated',
        );
      return;
    }
    const { start, end } = next.value;
    yield* itemsOf(bytes.subarray(start, end), lineAt(start), damaged);
  }
}

function* objectItems(bytes: Uint8Array, first: number, damaged: string | undefined): Generator<RawItem> {
  const lineAt = lineCounter(bytes);
  for (let start = afterSpace(bytes, first); start < bytes.length;) {
    const end = valueEnd(bytes, start);
    yield* itemsOf(bytes.subarray(start, end), lineAt(start), damaged);
    start = afterSpace(bytes, end);
  }
}

const bad = (line: number, reason: BadRecord['reason'], detail: string): BadRecord => ({
  kind: 'bad',
  line,
  reason,
  detail,
});

function* itemsOf(bytes: Uint8Array, line: number, damaged: string | undefined): Generator<RawItem> {
  if (bytes.length > longestRecord)
    return yield bad(
      line,
      'record too long',
      `the record has ${bytes.length} bytes, more than ${longestRecord}`,
    );
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
  const isWhole = isUtf8(bytes);
  const parsed = parseExactJson(text, '', line);
  if (parsed.ok && isExactObject(parsed.value)) {
    const fault: Unreadable | undefined = !isWhole
      ? { reason: 'not UTF-8', detail: 'the record is not UTF-8' }
      : damaged === undefined
        ? undefined
        : { reason: 'broken text', detail: `the record is not valid ${damaged}` };
    yield {
      kind: 'record',
      line,
      values: parsed.value,
      ...(fault === undefined ? {} : { unreadable: replacedIn(parsed.value, fault) }),
    };
  } else if (!isWhole) yield bad(line, 'not UTF-8', 'the record is not UTF-8');
  else if (parsed.ok) yield bad(line, 'wrong columns', 'expected an object');
  else
    yield bad(
      parsed.error.line ?? line,
      'not JSON',
      `column ${parsed.error.column ?? 1}: ${parsed.error.message.replace(/^is not JSON: /, '')}`,
    );
}

/** The members with a replacement character, which stems from invalid bytes. */
const replacedIn = (values: ExactObject, fault: Unreadable): ReadonlyMap<string, Unreadable> =>
  new Map(
    Object.entries(values)
      .filter(([, value]) => holdsReplacement(value))
      .map(([name]) => [
        name,
        { ...fault, detail: fault.detail.replace('the record', JSON.stringify(name)) },
      ]),
  );

function holdsReplacement(value: ExactObject[string]): boolean {
  if (typeof value === 'string') return value.includes('\uFFFD');
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsReplacement);
}
