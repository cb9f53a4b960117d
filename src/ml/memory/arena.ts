/**
 * The memory arena of onnxruntime (core/framework/bfc_arena.cc of 1.30, with its defaults) and of TensorFlow
 * (xla/tsl/framework/bfc_allocator.cc of 2.21), whose code that was: regions of doubling size, split into
 * chunks, of which the smallest that fits is taken. Memory is never returned to the system, so the need of a
 * step depends on the order of its requests, not on what is alive at one time.
 */
export interface Arena {
  allocate(bytes: number): Chunk;
  free(chunk: Chunk): void;
  /** Bytes that were in use at any time. */
  readonly touched: number;
}

/** A piece of a region. */
export interface Chunk {
  readonly region: Uint8Array;
  readonly start: number;
  size: number;
  isFree: boolean;
  before: Chunk | undefined;
  after: Chunk | undefined;
}

/** Sizes of regions, in bytes. */
export interface RegionSizes {
  readonly first: number;
  readonly largest: number;
}

/** An arena without regions; each new one is twice as large as the last, up to `largest`. */
export function createArena({ first, largest }: RegionSizes): Arena {
  let next = first;
  let touched = 0;
  const free = new Set<Chunk>();

  function extend(bytes: number): Chunk {
    let isGrown = false;
    while (bytes > next && next < largest) {
      next *= 2;
      isGrown = true;
    }
    const size = Math.max(bytes, next);
    if (!isGrown) next = Math.min(largest, next * 2);
    const region = new Uint8Array(Math.ceil(size / page));
    const chunk: Chunk = { region, start: 0, size, isFree: true, before: undefined, after: undefined };
    free.add(chunk);
    return chunk;
  }
  function smallestFor(bytes: number): Chunk | undefined {
    let found: Chunk | undefined;
    for (const chunk of free)
      if (chunk.size >= bytes && (found === undefined || chunk.size < found.size)) found = chunk;
    return found;
  }
  function touch({ region, start }: Chunk, bytes: number): void {
    for (let each = Math.floor(start / page); each * page < start + bytes; each++) {
      if (region[each] === 0) touched += page;
      region[each] = 1;
    }
  }

  return {
    allocate(size) {
      const bytes = Math.max(unit, Math.ceil(size / unit) * unit);
      const chunk = smallestFor(bytes) ?? extend(bytes);
      free.delete(chunk);
      chunk.isFree = false;
      if (chunk.size >= 2 * bytes || chunk.size - bytes >= mostDead) {
        const rest: Chunk = {
          region: chunk.region,
          start: chunk.start + bytes,
          size: chunk.size - bytes,
          isFree: true,
          before: chunk,
          after: chunk.after,
        };
        if (chunk.after !== undefined) chunk.after.before = rest;
        chunk.after = rest;
        chunk.size = bytes;
        free.add(rest);
      }
      touch(chunk, bytes);
      return chunk;
    },
    free(chunk) {
      chunk.isFree = true;
      let whole = chunk;
      if (chunk.after?.isFree === true) absorb(chunk, chunk.after, free);
      if (chunk.before?.isFree === true) {
        whole = chunk.before;
        absorb(whole, chunk, free);
      }
      free.add(whole);
    },
    get touched() {
      return touched;
    },
  };
}

/** A free chunk takes in the one after it. */
function absorb(chunk: Chunk, after: Chunk, free: Set<Chunk>): void {
  free.delete(after);
  chunk.size += after.size;
  chunk.after = after.after;
  if (after.after !== undefined) after.after.before = chunk;
}

const megabyte = 2 ** 20;
const unit = 256;
/** A larger chunk is split when more than this would stay unused. */
const mostDead = 128 * megabyte;
const page = 2 ** 16;
