import type { Result } from '../../../result.ts';

/**
 * One field of a message: its number, and its content (a submessage, string or blob as its bytes, fixed
 * numbers as theirs).
 */
export type FieldVisitor = (field: number, value: FieldValue) => void;
export type FieldValue =
  | { readonly wire: 'varint'; readonly number: number }
  | { readonly wire: 'fixed32' | 'fixed64' | 'bytes'; readonly bytes: Uint8Array };

/**
 * Hands every field of a protobuf message to `visit`, in the order of the file. Groups are refused: the
 * format has not had them since proto2. Source: https://protobuf.dev/programming-guides/encoding
 */
export function visitFields(message: Uint8Array, visit: FieldVisitor): Result<undefined> {
  const fail = (at: number, what: string) =>
    ({ ok: false, error: `${what} at byte ${at} of ${message.length}` }) as const;
  let at = 0;
  while (at < message.length) {
    const start = at;
    const tag = readVarint(message, at);
    if (tag === undefined) return fail(start, 'a protobuf tag is cut off or too long');
    const field = Math.floor(tag.number / 8);
    if (field === 0) return fail(start, 'a protobuf field has number 0');
    at = tag.end;
    const wire = tag.number % 8;
    if (wire === 0) {
      const value = readVarint(message, at);
      if (value === undefined)
        return fail(at, `the number in protobuf field ${field} is cut off or too long`);
      visit(field, { wire: 'varint', number: value.number });
      at = value.end;
      continue;
    }
    const kind = wire === 1 ? 'fixed64' : wire === 2 ? 'bytes' : wire === 5 ? 'fixed32' : undefined;
    if (kind === undefined)
      return fail(start, `protobuf field ${field} has wire type ${wire}, which no message here uses`);
    const length =
      kind === 'bytes' ? readVarint(message, at) : { number: kind === 'fixed64' ? 8 : 4, end: at };
    if (length === undefined) return fail(at, `the length of protobuf field ${field} is cut off or too long`);
    if (length.number > message.length - length.end)
      return fail(at, `protobuf field ${field} is ${length.number} bytes long and runs past the end`);
    at = length.end + length.number;
    visit(field, { wire: kind, bytes: message.subarray(length.end, at) });
  }
  return { ok: true, value: undefined };
}

/**
 * At most ten bytes, the lowest seven bits first. Past 2^53 (negative numbers) the value is inexact: no field
 * here holds one.
 */
function readVarint(
  bytes: Uint8Array,
  start: number,
): { readonly number: number; readonly end: number } | undefined {
  let number = 0;
  let scale = 1;
  for (let at = start; at < start + 10; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return undefined;
    number += (byte % 128) * scale;
    if (byte < 128) return { number, end: at + 1 };
    scale *= 128;
  }
  return undefined;
}
