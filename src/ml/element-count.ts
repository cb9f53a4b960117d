/**
 * How many elements a tensor of this shape has: Infinity for shapes (of damaged files) beyond all numbers,
 * never NaN.
 */
export const elementCount = (shape: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
