import { elementCount } from '../../element-count.ts';
import type { HostValue } from '../runtime.ts';

/** Memory for the next value of a variable, which the current one does not overlap. */
export type PlaceVariable = (
  variable: string,
  shape: readonly number[],
  current: HostValue | undefined,
) => HostValue;

/**
 * Two arrays for each variable: one holds its value, and the next value is written to the other. New arrays
 * in every run, such as those that onnxruntime-node returns, keep the garbage collector busy in a beam
 * search.
 */
export function createVariableMemory(): PlaceVariable {
  const arrays = new Map<string, readonly Float32Array[]>();
  return (variable, shape, current) => {
    const length = elementCount(shape);
    const inUse = (arrays.get(variable) ?? []).filter(({ buffer }) => buffer === current?.data.buffer);
    const free = (arrays.get(variable) ?? []).find(({ buffer }) => buffer !== current?.data.buffer);
    // Twice the room, for what grows step by step: memory that is not written takes none.
    const array = free !== undefined && free.length >= length ? free : new Float32Array(2 * length);
    arrays.set(variable, [...inUse, array]);
    return { dtype: 'float32', shape, data: array.subarray(0, length) };
  };
}
