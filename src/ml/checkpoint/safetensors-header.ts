import { isJsonObject, type Json, parseJson } from '../../files/json.ts';
import type { Result } from '../../result.ts';
import { elementCount } from '../element-count.ts';
import { type HostDType, itemSize } from './host-tensor.ts';

/**
 * The header of a safetensors file: where each tensor's bytes are, counted from the end of the
 * header.
 */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export interface StoredTensor {
  readonly dtype: HostDType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** As in the safetensors library. */
export const maxHeaderBytes = 100_000_000;

/** How many tensors a header lists at most, without parsing it. */
export function countTensors(header: Uint8Array): number {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  let count = 0;
  for (let at = bytes.indexOf('"data_offsets"'); at >= 0; at = bytes.indexOf('"data_offsets"', at + 1))
    count += 1;
  return count;
}

/**
 * The header of a safetensors file whose tensors take `dataBytes`. Demands what the safetensors library (0.8)
 * demands: offsets that fit type and shape, and tensors that cover the data without a hole and without an
 * overlap.
 */
export function parseSafetensorsHeader(text: string, dataBytes: number): Result<SafetensorsHeader> {
  const json = parseJson(text, '');
  if (!json.ok)
    return { ok: false, error: `its header ${json.error.message}, at character ${json.error.column}` };
  if (!isJsonObject(json.value)) return { ok: false, error: 'its header is not a JSON object' };
  const { __metadata__: metadata = {}, ...entries } = json.value;
  if (!isStringRecord(metadata))
    return { ok: false, error: '__metadata__ in its header is not a map from strings to strings' };
  const tensors: [string, StoredTensor][] = [];
  for (const [name, entry] of Object.entries(entries)) {
    const tensor = storedTensor(entry);
    if (!tensor.ok)
      return { ok: false, error: `tensor ${JSON.stringify(name)} in its header: ${tensor.error}` };
    tensors.push([name, tensor.value]);
  }
  tensors.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  const gap = uncovered(tensors, dataBytes);
  return gap === undefined
    ? { ok: true, value: { metadata, tensors: new Map(tensors) } }
    : { ok: false, error: gap };
}

/**
 * The header of a file that holds these tensors, in the byte order and with the padding of the safetensors
 * library.
 */
export function safetensorsHeader({ metadata, tensors }: SafetensorsHeader): string {
  const entries = [...tensors].map(([name, { dtype, shape, start, end }]) => {
    const entry = { dtype: codeOf(dtype), shape, data_offsets: [start, end] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const described = Object.keys(metadata).length === 0 ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  const text = `{${[...described, ...entries].join(',')}}`;
  return text + ' '.repeat(-Buffer.byteLength(text) & 7);
}

/**
 * The order of the tensors in the file: widest type first, so that all are aligned, then by name (both as the
 * library sorts them).
 */
export function layOut(
  tensors: ReadonlyMap<string, { readonly dtype: HostDType; readonly shape: readonly number[] }>,
): ReadonlyMap<string, StoredTensor> {
  const order: readonly string[] = Object.keys(types);
  const sorted = [...tensors].sort(
    ([a, { dtype: left }], [b, { dtype: right }]) =>
      order.indexOf(codeOf(left)) - order.indexOf(codeOf(right)) ||
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  let start = 0;
  return new Map(
    sorted.map(([name, { dtype, shape }]) => {
      const end = start + elementCount(shape) * itemSize(dtype);
      const stored = { dtype, shape, start, end };
      start = end;
      return [name, stored];
    }),
  );
}

/** The format's names of types, in the order in which the library lays tensors out. */
const types = {
  U64: 'uint64',
  I64: 'int64',
  F64: 'float64',
  F32: 'float32',
  U32: 'uint32',
  I32: 'int32',
  BF16: 'bfloat16',
  F16: 'float16',
  U16: 'uint16',
  I16: 'int16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
} as const satisfies Record<string, HostDType>;

function codeOf(dtype: HostDType): string {
  return Object.entries(types).find(([, name]) => name === dtype)?.[0] ?? '';
}

const isCode = (code: Json | undefined): code is keyof typeof types =>
  typeof code === 'string' && Object.hasOwn(types, code);

function storedTensor(entry: Json): Result<StoredTensor> {
  if (!isJsonObject(entry)) return { ok: false, error: 'it is not a JSON object' };
  const code = entry['dtype'];
  if (!isCode(code))
    return {
      ok: false,
      error: `its type is ${JSON.stringify(code)}, expected ${Object.keys(types).join(', ')}`,
    };
  const dtype = types[code];
  const shape = entry['shape'];
  if (!isSizes(shape)) return { ok: false, error: 'its shape is not a list of sizes' };
  const offsets = entry['data_offsets'];
  const [start, end] = isSizes(offsets) && offsets.length === 2 ? offsets : [];
  if (start === undefined || end === undefined)
    return { ok: false, error: 'its data_offsets are not two sizes' };
  if (end - start !== elementCount(shape) * itemSize(dtype))
    return {
      ok: false,
      error:
        `it takes bytes ${start} to ${end}, but a ${code} of shape [${shape.join(', ')}] takes ` +
        `${elementCount(shape) * itemSize(dtype)} bytes`,
    };
  return { ok: true, value: { dtype, shape, start, end } };
}

const isSizes = (value: Json | undefined): value is readonly number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && Number(size) >= 0);

const isStringRecord = (value: Json): value is Readonly<Record<string, string>> =>
  isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string');

/** The faults in the tensors' offsets, given in the order of their bytes. */
function uncovered(
  tensors: readonly (readonly [string, StoredTensor])[],
  dataBytes: number,
): string | undefined {
  let end = 0;
  for (const [name, tensor] of tensors) {
    if (tensor.start !== end)
      return (
        `tensor ${JSON.stringify(name)} starts at byte ${tensor.start} of the data, expected ${end}: ` +
        `tensors ${tensor.start < end ? 'overlap' : 'leave a hole'}`
      );
    end = tensor.end;
  }
  return end === dataBytes
    ? undefined
    : `its tensors take ${end} bytes, but the file has ${dataBytes} ` +
        'after the header: it is truncated or damaged';
}
