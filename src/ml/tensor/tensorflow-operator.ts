import type { Emit, OperatorAttribute, Value } from './emit.ts';
import type { DType } from './node.ts';

/** Applies an operator of TensorFlow whose attribute T is the type of its operands. */
export const typed = (
  emit: Emit,
  operator: string,
  of: readonly Value[],
  dtype: DType = 'float32',
  attributes: Readonly<Record<string, OperatorAttribute>> = {},
): Value => emit.apply(operator, of, { T: { dtype }, ...attributes });

/** The same numbers as another type. */
export const converted = (emit: Emit, x: Value, from: DType, to: DType): Value =>
  emit.apply('Cast', [x], { SrcT: { dtype: from }, DstT: { dtype: to }, Truncate: { flag: false } });

/** A scalar of float32. */
export const scalar = (emit: Emit, value: number): Value => emit.constant('float32', [], [value]);

/** Sum, Mean or Max over some axes. */
export const reduced = (
  emit: Emit,
  operator: 'Sum' | 'Mean' | 'Max',
  x: Value,
  axes: readonly number[],
  { keep, dtype = 'float32' }: { readonly keep: boolean; readonly dtype?: DType },
): Value =>
  typed(emit, operator, [x, emit.constant('int32', [axes.length], axes)], dtype, {
    Tidx: { dtype: 'int32' },
    keep_dims: { flag: keep },
  });

/** x in the shape that `sizes` holds, a vector of int32. */
export const reshaped = (emit: Emit, x: Value, sizes: Value, dtype: DType = 'float32'): Value =>
  typed(emit, 'Reshape', [x, sizes], dtype, { Tshape: { dtype: 'int32' } });

/** Rows of a table; with `batchDims` of 1 the element of each row that its index names. */
export const gathered = (
  emit: Emit,
  table: Value,
  indices: Value,
  { dtype = 'float32', batchDims = 0 }: { readonly dtype?: DType; readonly batchDims?: 0 | 1 } = {},
): Value =>
  emit.apply('GatherV2', [table, indices, emit.constant('int32', [], [batchDims])], {
    Tparams: { dtype },
    Tindices: { dtype: 'int32' },
    Taxis: { dtype: 'int32' },
    batch_dims: { int: batchDims },
  });

/** The values joined along `axis`; a single one is returned as it is. */
export const concatenated = (emit: Emit, of: readonly Value[], axis: number, dtype: DType): Value =>
  of.length === 1 && of[0] !== undefined
    ? of[0]
    : typed(emit, 'ConcatV2', [...of, emit.constant('int32', [], [axis])], dtype, {
        N: { int: of.length },
        Tidx: { dtype: 'int32' },
      });

/** Whether elements are equal; shapes broadcast. */
export const isEqual = (emit: Emit, of: readonly Value[], dtype: DType): Value =>
  typed(emit, 'Equal', of, dtype, { incompatible_shape_error: { flag: true } });
