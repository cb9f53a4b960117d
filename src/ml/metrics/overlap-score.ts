/**
 * How much of a prediction is right, how much of the reference it has, and their harmonic mean; each in [0,
 * 1].
 */
export interface Score {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

/**
 * The score of `common` units out of `predicted` in the prediction and `expected` in the reference; 0 where
 * none is common.
 */
export function overlapScore(common: number, predicted: number, expected: number): Score {
  if (common === 0) return { precision: 0, recall: 0, fmeasure: 0 };
  const precision = common / predicted;
  const recall = common / expected;
  return { precision, recall, fmeasure: (2 * precision * recall) / (precision + recall) };
}

/**
 * The number of units that two texts have in common, each counted as often as in the text that has fewer of
 * it.
 */
export function commonCount<Unit>(left: readonly Unit[], right: readonly Unit[]): number {
  const rest = countsOf(left);
  let common = 0;
  for (const unit of right) {
    const count = rest.get(unit) ?? 0;
    if (count === 0) continue;
    rest.set(unit, count - 1);
    common += 1;
  }
  return common;
}

/** How often each unit occurs. */
export function countsOf<Unit>(units: Iterable<Unit>): Map<Unit, number> {
  const counts = new Map<Unit, number>();
  for (const unit of units) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  return counts;
}
