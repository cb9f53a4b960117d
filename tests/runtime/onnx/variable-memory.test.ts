import { expect, test } from 'vitest';
import { createVariableMemory } from '../../../src/ml/runtime/onnx/variable-memory.ts';

test('the next value of a variable never overlaps the current one', () => {
  const place = createVariableMemory();
  let current = place('cache', [2, 1], undefined);
  for (const rows of [2, 3, 9, 4, 0, 1]) {
    const next = place('cache', [2, rows], current);
    expect(next).toMatchObject({ dtype: 'float32', shape: [2, rows] });
    expect(next.data).toHaveLength(2 * rows);
    expect(next.data.buffer).not.toBe(current.data.buffer);
    current = next;
  }
});

test('a variable that grows gets new memory only when it has doubled', () => {
  const place = createVariableMemory();
  const buffers = new Set<ArrayBufferLike>();
  let current = place('cache', [1], undefined);
  for (let length = 1; length <= 256; length += 1) {
    current = place('cache', [length], current);
    buffers.add(current.data.buffer);
  }
  expect(buffers.size).toBeLessThanOrEqual(18);
});

test('memory is reused after a value that was never used', () => {
  const place = createVariableMemory();
  const current = place('cache', [4], undefined);
  const unused = place('cache', [4], current);
  expect(place('cache', [4], current).data.buffer).toBe(unused.data.buffer);
});
