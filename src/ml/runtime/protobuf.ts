/**
 * Writing of the protobuf wire format (protobuf.dev/programming-guides/encoding), as far as engines and
 * trackers need it: a message is the list of its encoded fields.
 */
export type Message = readonly Uint8Array[];

/** A varint field: integers (two's complement in 64 bits where negative), enums, booleans. */
export const integerField = (field: number, value: number | bigint): Uint8Array =>
  joined([varint(field << 3), varint(value)]);

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

export const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  joined([varint((field << 3) | 2), varint(bytes.length), bytes]);

export const textField = (field: number, text: string): Uint8Array => bytesField(field, Buffer.from(text));

export const messageField = (field: number, message: Message): Uint8Array =>
  bytesField(field, joined(message));

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function varint(value: number | bigint): Uint8Array {
  // Most are tags, lengths and small numbers of a byte or two.
  if (typeof value === 'number' && value >= 0 && value < 0x4000)
    return value < 0x80 ? Uint8Array.of(value) : Uint8Array.of((value & 0x7f) | 0x80, value >> 7);
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
