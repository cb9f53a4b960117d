import { elementCount } from '../element-count.ts';
/**
 * The array that holds the elements of each type. The 16-bit and 8-bit floats are kept as their bits, since
 * JavaScript has no array for them; `bool` is one byte an element, 0 or 1.
 */
interface Arrays {
  readonly float64: Float64Array;
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly int16: Int16Array;
  readonly int8: Int8Array;
  readonly uint64: BigUint64Array;
  readonly uint32: Uint32Array;
  readonly uint16: Uint16Array;
  readonly uint8: Uint8Array;
  readonly float8_e4m3fn: Uint8Array;
  readonly float8_e5m2: Uint8Array;
  readonly bool: Uint8Array;
}

/** What an element of a stored tensor is. */
export type HostDType = keyof Arrays;

/**
 * A tensor in this process' memory, row-major: what files are read into and written from. A scalar has shape
 * [].
 */
export type HostTensor = {
  readonly [D in HostDType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: Arrays[D];
  };
}[HostDType];

/**
 * In one file: a hundred times as many as the largest T5 has. A small file can list millions, which takes
 * minutes to read.
 */
export const maxTensors = 100_000;

/** Bytes of one element. */
export function itemSize(dtype: HostDType): 1 | 2 | 4 | 8 {
  switch (dtype) {
    case 'float64':
    case 'int64':
    case 'uint64':
      return 8;
    case 'float32':
    case 'int32':
    case 'uint32':
      return 4;
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
      return 2;
    case 'int8':
    case 'uint8':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'bool':
      return 1;
  }
}

/** A tensor of zeros. */
export function zeros(dtype: HostDType, shape: readonly number[]): HostTensor {
  return tensorOver(dtype, shape, new ArrayBuffer(elementCount(shape) * itemSize(dtype)));
}

/**
 * The tensor whose elements, little-endian and row-major, start at `offset` of `memory`: a view without a
 * copy.
 */
export function tensorOver(
  dtype: HostDType,
  shape: readonly number[],
  memory: ArrayBufferLike,
  offset = 0,
): HostTensor {
  const count = elementCount(shape);
  switch (dtype) {
    case 'float64':
      return { dtype, shape, data: new Float64Array(memory, offset, count) };
    case 'float32':
      return { dtype, shape, data: new Float32Array(memory, offset, count) };
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return { dtype, shape, data: new Uint16Array(memory, offset, count) };
    case 'int64':
      return { dtype, shape, data: new BigInt64Array(memory, offset, count) };
    case 'int32':
      return { dtype, shape, data: new Int32Array(memory, offset, count) };
    case 'int16':
      return { dtype, shape, data: new Int16Array(memory, offset, count) };
    case 'int8':
      return { dtype, shape, data: new Int8Array(memory, offset, count) };
    case 'uint64':
      return { dtype, shape, data: new BigUint64Array(memory, offset, count) };
    case 'uint32':
      return { dtype, shape, data: new Uint32Array(memory, offset, count) };
    case 'uint8':
    case 'float8_e4m3fn':
    case 'float8_e5m2':
    case 'bool':
      return { dtype, shape, data: new Uint8Array(memory, offset, count) };
  }
}

/** The memory of a tensor as bytes: a view. */
export const bytesOf = ({ data }: HostTensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
