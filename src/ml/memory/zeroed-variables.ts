import { elementCount } from '../element-count.ts';
import { grouped } from '../runtime/tensorflow/variable-groups.ts';
import type { Allocated, Allocator } from './tensorflow-allocator.ts';

export type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * Variables that TensorFlow has filled with zeros. Those of one shape and group share them, since equal nodes
 * of a graph are one.
 */
export interface ZeroedVariables {
  /** Gives a variable another value. */
  assign(name: string): void;
  /** Changes a variable where it lies: the last one that has the zeros keeps them. */
  change(name: string): void;
}

/** Allocates the zeros of variables with these shapes, once for those that share them. */
export function createZeroedVariables(memory: Allocator, shapes: Shapes): ZeroedVariables {
  const shared = new Map<string, { readonly taken: Allocated; variables: number }>();
  for (const group of grouped(shapes)) {
    const ofShapes = new Map<string, { readonly taken: Allocated; variables: number }>();
    for (const [name, shape] of group) {
      const key = shape.join();
      const zeros = ofShapes.get(key) ?? { taken: memory.allocate(float32Bytes(shape)), variables: 0 };
      zeros.variables += 1;
      ofShapes.set(key, zeros);
      shared.set(name, zeros);
    }
  }
  return {
    assign(name) {
      const zeros = shared.get(name);
      if (zeros === undefined) return;
      memory.allocate(zeros.taken.bytes);
      zeros.variables -= 1;
      if (zeros.variables === 0) memory.free(zeros.taken);
      shared.delete(name);
    },
    change(name) {
      const zeros = shared.get(name);
      if (zeros === undefined) return;
      zeros.variables -= 1;
      if (zeros.variables > 0) memory.allocate(zeros.taken.bytes);
      shared.delete(name);
    },
  };
}

/** The size of a float32 tensor of this shape, in bytes. */
export const float32Bytes = (shape: readonly number[]): number => 4 * elementCount(shape);
