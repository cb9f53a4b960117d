import { shuffledIndices } from './shuffle.ts';

export interface BatchOptions {
  readonly seed: number;
  /** Counts from 0. Every epoch has an order of its own. */
  readonly epoch: number;
  /** Rows in a batch; the last batch may be smaller. */
  readonly batchSize: number;
  /** Batches of rows of similar length: less padding, somewhat less chance in the order. */
  readonly groupByLength?: boolean;
  /** Batches of a step: rows are grouped for whole steps. */
  readonly accumulation?: number;
}

/**
 * The micro-batches of an epoch in order, as row indices; every row is in one of them. `lengths` holds
 * what each row is grouped by. Depends on nothing but its arguments, so a resumed training continues where it
 * stopped.
 */
export function epochBatches(
  lengths: readonly number[],
  { seed, epoch, batchSize, groupByLength = false, accumulation = 1 }: BatchOptions,
): readonly (readonly number[])[] {
  const shuffled = shuffledIndices(lengths.length, epochSeed(seed, epoch));
  return chunks(
    groupByLength ? groupedByLength(shuffled, lengths, batchSize * accumulation) : shuffled,
    batchSize,
  );
}

/** Batches in the order of the rows, as evaluation takes them. */
export const orderedBatches = (count: number, batchSize: number): readonly (readonly number[])[] =>
  chunks(
    Array.from({ length: count }, (_, index) => index),
    batchSize,
  );

/**
 * Word 0 of the generator's seed is the seed, word 1 the epoch; epochs count from 1, as word 1 = 0 is the
 * split's order.
 */
const epochSeed = (seed: number, epoch: number): bigint =>
  BigInt.asUintN(32, BigInt(seed)) + (BigInt(epoch + 1) << 32n);

/**
 * As transformers' LengthGroupedSampler (4.57.1), given its permutation: the shuffled rows are cut into
 * stretches of up to 50 steps, each sorted from long to short, and the longest row of all comes first, so
 * that memory runs out at once or never.
 */
function groupedByLength(
  shuffled: readonly number[],
  lengths: readonly number[],
  stepSize: number,
): readonly number[] {
  const stretch = stepSize * Math.max(1, Math.min(50, Math.floor(shuffled.length / (stepSize * 4))));
  const lengthOf = (row: number): number => lengths[row] ?? 0;
  const order = chunks(shuffled, stretch).flatMap((rows) =>
    rows.toSorted((a, b) => lengthOf(b) - lengthOf(a)),
  );
  const greatest = order.reduce((most, row) => Math.max(most, lengthOf(row)), 0);
  const place = order.findIndex((row) => lengthOf(row) === greatest);
  const [first, longest] = [order[0], order[place]];
  return first === undefined || longest === undefined ? order : order.with(place, first).with(0, longest);
}

function chunks(rows: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) =>
    rows.slice(index * size, (index + 1) * size),
  );
}
