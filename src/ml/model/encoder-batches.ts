import type { Rows } from './rows.ts';

/**
 * Rows that an encoder computes together on a CPU, in their order, which is the longest first: attention pads
 * a batch to its first row.
 */
export function encoderBatches(rows: Rows): readonly Rows[] {
  const batches: (readonly number[])[][] = [];
  let tokens = 0;
  for (const row of rows) {
    const last = batches.at(-1);
    const slots = ((last?.length ?? 0) + 1) * (last?.[0]?.length ?? 0);
    tokens += row.length;
    if (last !== undefined && slots <= mostSlots && slots <= tokens * mostPadding) last.push(row);
    else {
      batches.push([row]);
      tokens = row.length;
    }
  }
  return batches;
}

/** As many tokens as have states that stay in the processor's cache from one layer to the next. */
const mostSlots = 1024;

/** Slots for each token. */
const mostPadding = 1.3;
