/** What runs in a process of its own: a library may end it, and memory is that of one training. */
export const parts = ['parity', 'float32', 'bf16'] as const;
export type Part = (typeof parts)[number];
