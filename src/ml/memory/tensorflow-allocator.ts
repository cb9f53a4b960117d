import { type Chunk, createArena } from './arena.ts';

/** The allocator of TensorFlow on the CPU (tensorflow/core/common_runtime/mkl_cpu_allocator.h, 2.21). */
export interface Allocator {
  allocate(bytes: number): Allocated;
  /** Freeing twice has no effect. */
  free(allocated: Allocated): void;
  /** Bytes that are allocated. */
  readonly live: number;
  /** Bytes of the arena that were in use at any time. */
  readonly touched: number;
}

export interface Allocated {
  readonly bytes: number;
  chunk: Chunk | 'of malloc' | 'free';
}

/** An allocator with nothing allocated; sizes below `leastOfArena` do not enter its arena. */
export function createAllocator(): Allocator {
  const arena = createArena({ first: 2 ** 21, largest: Infinity });
  let live = 0;
  return {
    allocate(bytes) {
      live += bytes;
      return { bytes, chunk: bytes < leastOfArena ? 'of malloc' : arena.allocate(bytes) };
    },
    free(allocated) {
      const { bytes, chunk } = allocated;
      if (chunk === 'free') return;
      live -= bytes;
      if (chunk !== 'of malloc') arena.free(chunk);
      allocated.chunk = 'free';
    },
    get live() {
      return live;
    },
    get touched() {
      return arena.touched;
    },
  };
}

/** What is smaller comes from malloc. */
const leastOfArena = 2 ** 18;
