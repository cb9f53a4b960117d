/**
 * The sizes of tensors that broadcast to each other, aligned at their last axes: 1 gives way to any other.
 */
export function broadcastSizes(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) =>
    shapes.reduce((size, shape) => {
      const own = shape[axis - (rank - shape.length)] ?? 1;
      return own === 1 ? size : own;
    }, 1),
  );
}
