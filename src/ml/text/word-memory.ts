import type { MemoryLimits } from '../../memory.ts';

/**
 * What a function of words remembers: a text repeats its short words, and a corpus has no end of long ones.
 */
export const wordMemory: MemoryLimits = { entries: 20_000, nameLength: 32 };
