import type { DType } from '../tensor/node.ts';

/** Of one element. */
export const elementBytes: Readonly<Record<DType, number>> = {
  float32: 4,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  bool: 1,
};

/** The elements of a constant as ONNX's raw_data and TensorFlow's tensor_content hold them: little-endian. */
export function rawData(dtype: DType, values: readonly number[]): Uint8Array {
  if (dtype === 'bfloat16') throw new Error('a constant of bfloat16 is cast from one of float32');
  const size = elementBytes[dtype];
  const view = new DataView(new ArrayBuffer(values.length * size));
  for (const [i, value] of values.entries()) {
    if (dtype === 'float32') view.setFloat32(i * size, value, true);
    else if (dtype === 'int64') view.setBigInt64(i * size, BigInt(value), true);
    else if (dtype === 'bool') view.setUint8(i, value);
    else view.setInt32(i * size, value, true); // of uint32 the bits
  }
  return new Uint8Array(view.buffer);
}
