/**
 * Writing of the protobuf wire format (protobuf.dev/programming-guides/encoding), as far as engines and
 * trackers need it: a message is the list of its encoded fields.
 */
export type Message = readonly Uint8Array[];

/** A varint field: integers (two's complement in 64 bits where negative), enums, booleans. */
export const integerField = (field: number, value: number | bigint): Uint8Array => tagged(field << 3, value);

/** A 32-bit float field. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joined([varint((field << 3) | 5), bytes]);
}

/** A 64-bit float field. */
export function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return joined([varint((field << 3) | 1), bytes]);
}

/** A length-delimited field (wire type 2) of bytes. */
export const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  tagged((field << 3) | 2, bytes.length, bytes);

/** A length-delimited field of a text in UTF-8. */
export const textField = (field: number, text: string): Uint8Array => bytesField(field, utf8(text));

/** A length-delimited field of an embedded message. */
export const messageField = (field: number, message: Message): Uint8Array =>
  bytesField(field, joined(message));

/** One array of the bytes of all parts, in order. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A tag, a number, and what follows them. One array for most fields: a graph has tens of thousands. */
function tagged(tag: number, value: number | bigint, rest?: Uint8Array): Uint8Array {
  if (tag >= 0x80 || typeof value !== 'number' || value < 0 || value >= 0x4000)
    return joined([varint(tag), varint(value), ...(rest === undefined ? [] : [rest])]);
  const length = value < 0x80 ? 2 : 3;
  const whole = new Uint8Array(length + (rest?.length ?? 0));
  whole[0] = tag;
  whole[1] = length === 2 ? value : (value & 0x7f) | 0x80;
  if (length === 3) whole[2] = value >> 7;
  if (rest !== undefined) whole.set(rest, length);
  return whole;
}

/** Most texts are short names in ASCII, which need no encoder. */
function utf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) return Buffer.from(text);
    bytes[at] = unit;
  }
  return bytes;
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
