/**
 * Arithmetic mean, summed as numpy sums (pairwise, in blocks of eight lanes), so that a corpus score equals
 * the Python stack's to the last bit. NaN for no values, as there.
 */
export const mean = (values: readonly number[]): number =>
  pairwiseSum(values, 0, values.length) / values.length;

/** numpy's `pairwise_sum` (loops_utils.h.src). */
function pairwiseSum(values: readonly number[], start: number, count: number): number {
  if (count > 128) {
    const half = (count >> 1) - ((count >> 1) % 8);
    return pairwiseSum(values, start, half) + pairwiseSum(values, start + half, count - half);
  }
  const inLanes = count - (count % 8);
  const lanes = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let index = 0; index < inLanes; index += 1)
    lanes[index % 8] = at(lanes, index % 8) + at(values, start + index);
  let sum =
    at(lanes, 0) +
    at(lanes, 1) +
    (at(lanes, 2) + at(lanes, 3)) +
    (at(lanes, 4) + at(lanes, 5) + (at(lanes, 6) + at(lanes, 7)));
  for (let index = inLanes; index < count; index += 1) sum += at(values, start + index);
  return sum;
}

/** In range by construction. */
const at = (values: readonly number[], index: number): number => values[index] as number;
