import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import type { DType } from '../../src/ml/tensor/node.ts';

/** Plain numbers as the elements of a type. */
export function hostValue(
  dtype: DType,
  { shape, data }: { readonly shape: readonly number[]; readonly data: readonly number[] },
): HostValue {
  switch (dtype) {
    case 'float32':
      return { dtype, shape, data: Float32Array.from(data) };
    case 'int32':
      return { dtype, shape, data: Int32Array.from(data) };
    case 'uint32':
      return { dtype, shape, data: Uint32Array.from(data) };
    case 'int64':
      return { dtype, shape, data: BigInt64Array.from(data, BigInt) };
    case 'bfloat16':
      throw new Error('no host value is of bfloat16');
    case 'bool':
      return { dtype, shape, data: Uint8Array.from(data) };
  }
}
