import { elementCount } from '../../element-count.ts';
import type { HostValue } from '../runtime.ts';

export type Real = HostValue & { readonly dtype: 'float32' };

/** A value with `newest` appended on an axis. The value that was extended before is overwritten. */
export type ExtendValue = (value: Real, newest: Real, axis: number) => Real;

/**
 * For one variable, in memory of its own: a value lies in one half of a buffer, and the next is written to
 * the other half. What onnxruntime-node returns is copied to new memory in every run, so that the caches of a
 * beam search kept the garbage collector busy.
 */
export function createExtender(): ExtendValue {
  let buffer = new Float32Array(0);
  return (value, newest, axis) => {
    const length = (value.shape[axis] ?? 0) + (newest.shape[axis] ?? 0);
    const shape = newest.shape.with(axis, length);
    const count = elementCount(shape);
    let half = buffer.length / 2;
    let from = value.data.byteOffset / Float32Array.BYTES_PER_ELEMENT;
    if (value.data.buffer !== buffer.buffer || count > half) {
      // Twice the room, for what grows step by step: memory that is not written takes none.
      half = 2 * Math.max(count, value.data.length);
      buffer = new Float32Array(2 * half);
      buffer.set(value.data);
      from = 0;
    }
    const to = from === 0 ? half : 0;
    // A block is what one index of all axes before `axis` has.
    const [before, after] = [blockOf(value, axis), blockOf(newest, axis)];
    const blocks = elementCount(shape.slice(0, axis));
    for (let block = 0; block < blocks; block += 1) {
      const place = to + block * (before + after);
      buffer.copyWithin(place, from + block * before, from + (block + 1) * before);
      for (let i = 0; i < after; i += 1) buffer[place + before + i] = newest.data[block * after + i] ?? 0;
    }
    return { dtype: 'float32', shape, data: buffer.subarray(to, to + count) };
  };
}

const blockOf = ({ shape }: HostValue, axis: number): number => elementCount(shape.slice(axis));
