import { elementCount } from '../element-count.ts';
import type { HostTensor } from './host-tensor.ts';
// Indices are in range by construction: loops run over the array that they read.

/**
 * The elements of a tensor as float32. A float32 tensor gives its own array; the 16-bit and 8-bit floats are
 * exact; float64 and wide integers are rounded to the nearest. `into`, where given, has as many elements as
 * the tensor.
 */
export function toFloat32(tensor: HostTensor, into?: Float32Array): Float32Array {
  if (tensor.dtype === 'float32' && into === undefined) return tensor.data;
  const values = into ?? new Float32Array(elementCount(tensor.shape));
  switch (tensor.dtype) {
    case 'bfloat16':
      return widenBfloat16(tensor.data, values);
    case 'float16':
      return widen(tensor.data, float16Value, values);
    // float8_e5m2 is the upper half of float16.
    case 'float8_e5m2':
      return widen(tensor.data, (bits) => float16Value(bits << 8), values);
    case 'float8_e4m3fn':
      return widen(tensor.data, float8Value, values);
    case 'int64':
    case 'uint64': {
      tensor.data.forEach((value, i) => {
        values[i] = Number(value);
      });
      return values;
    }
    default: {
      values.set(tensor.data);
      return values;
    }
  }
}

/** bfloat16 is the upper half of float32. */
function widenBfloat16(bits: Uint16Array, values: Float32Array): Float32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) words[i] = (bits[i] as number) << 16;
  return values;
}

function widen(
  bits: Uint16Array | Uint8Array,
  valueOf: (bits: number) => number,
  values: Float32Array,
): Float32Array {
  for (let i = 0; i < bits.length; i++) values[i] = valueOf(bits[i] as number);
  return values;
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits with bias 15, 10 fraction bits. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * 1 sign bit, 4 exponent bits with bias 7, 3 fraction bits; no infinity, and one NaN (Micikevicius et al.
 * 2022, E4M3).
 */
function float8Value(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 7;
  if ((bits & 0x7f) === 0x7f) return NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (8 + fraction) * 2 ** (exponent - 10);
}
