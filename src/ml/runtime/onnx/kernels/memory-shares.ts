/** Groups of arrays that share a WebAssembly.Memory, and where in it each array begins. */
export interface Share {
  readonly pages: number;
  readonly groups: readonly (readonly { readonly offset: number; readonly length: number }[])[];
}

/**
 * Lays groups of arrays of 4-byte elements out in memories, in order. Every array begins on a cache line.
 */
export function memoriesFor(groups: readonly (readonly number[])[]): readonly Share[] {
  const shares: { bytes: number; groups: { offset: number; length: number }[][] }[] = [];
  for (const lengths of groups) {
    const bytes = lengths.reduce((sum, length) => sum + alignedBytes(length), 0);
    if (bytes > memoryPages * pageBytes)
      throw new Error(
        `${bytes} bytes have to lie in one WebAssembly memory, which holds ${memoryPages * pageBytes}`,
      );
    let share = shares.at(-1);
    if (share === undefined || share.bytes + bytes > sharedBytes)
      shares.push((share = { bytes: 0, groups: [] }));
    let offset = share.bytes;
    share.groups.push(
      lengths.map((length) => {
        const at = offset;
        offset += alignedBytes(length);
        return { offset: at, length };
      }),
    );
    share.bytes = offset;
  }
  return shares.map((share) => ({ pages: Math.ceil(share.bytes / pageBytes), groups: share.groups }));
}

const alignedBytes = (length: number): number =>
  Math.ceil((length * Float32Array.BYTES_PER_ELEMENT) / 64) * 64;

export const pageBytes = 65_536;
const memoryPages = 65_536;
/**
 * Groups share memories up to this size: many memories cost address space, and one large memory may not be
 * available.
 */
const sharedBytes = 2 ** 30;
