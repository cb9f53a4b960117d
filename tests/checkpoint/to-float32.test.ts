import { expect, test } from 'vitest';
import { toFloat32 } from '../../src/ml/checkpoint/to-float32.ts';

const ofBits = (dtype: 'float16' | 'bfloat16', bits: readonly number[]): readonly number[] => [
  ...toFloat32({ dtype, shape: [bits.length], data: Uint16Array.from(bits) }),
];

test('float16: zeros, smallest, largest, infinities and NaN (IEEE 754, binary16)', () => {
  expect(
    ofBits('float16', [0x0000, 0x0001, 0x03ff, 0x0400, 0x3555, 0x3c00, 0x7bff, 0x7c00, 0xfc00, 0xc000]),
  ).toEqual([
    0,
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
    Math.fround(0.333251953125),
    1,
    65504,
    Infinity,
    -Infinity,
    -2,
  ]);
  expect(Object.is(ofBits('float16', [0x8000])[0], -0)).toBe(true);
  expect(ofBits('float16', [0x7e01])[0]).toBeNaN();
});

test('bfloat16 is the upper half of float32', () => {
  expect(ofBits('bfloat16', [0x3f80, 0xc000, 0x0001, 0x7f80, 0x4049])).toEqual([
    1,
    -2,
    2 ** -133,
    Infinity,
    3.140625,
  ]);
  expect(ofBits('bfloat16', [0x7fc0])[0]).toBeNaN();
});

test('float32 returns its own array, unless a target is given', () => {
  const data = Float32Array.of(1, 2);
  expect(toFloat32({ dtype: 'float32', shape: [2], data })).toBe(data);
  const into = new Float32Array(2);
  expect(toFloat32({ dtype: 'float32', shape: [2], data }, into)).toBe(into);
  expect(into).toEqual(data);
});
