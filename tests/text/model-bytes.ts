/** What a test says of a sentencepiece model; the rest is as the library's defaults. */
export interface ModelFields {
  /** Text, score, and type: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte. */
  readonly pieces: readonly (readonly [text: string, score: number, type: number])[];
  readonly modelType?: number;
  readonly byteFallback?: boolean;
  readonly addDummyPrefix?: boolean;
  readonly charMap?: Uint8Array;
}

/** A `.model` file. */
export function modelBytes({
  pieces,
  modelType = 1,
  byteFallback = false,
  addDummyPrefix = true,
  charMap = new Uint8Array(0),
}: ModelFields): Buffer {
  return Buffer.concat([
    ...pieces.map(([text, score, type]) =>
      bytesField(
        1,
        Buffer.concat([bytesField(1, Buffer.from(text)), floatField(2, score), numberField(3, type)]),
      ),
    ),
    bytesField(2, Buffer.concat([numberField(3, modelType), numberField(35, byteFallback ? 1 : 0)])),
    bytesField(3, Buffer.concat([bytesField(2, charMap), numberField(3, addDummyPrefix ? 1 : 0)])),
  ]);
}

const numberField = (field: number, value: number): Buffer =>
  Buffer.concat([varint(field * 8), varint(value)]);
const bytesField = (field: number, bytes: Uint8Array): Buffer =>
  Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint(field * 8 + 5), bytes]);
}

const varint = (value: number): Buffer =>
  value < 128
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value % 128) + 128), varint(Math.floor(value / 128))]);
