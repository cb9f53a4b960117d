import { type Scale, wilsonInterval } from './estimate.ts';
import { mean } from './mean.ts';
import { normalQuantile, studentQuantile } from './student-quantile.ts';

/** The score of one seed's model on the same rows as the others', with its 95 % interval over rows. */
export interface SeedScore {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
  readonly rows: number;
}

/**
 * A 95 % interval of the mean over other seeds and other rows at once, of two seeds at least: from the
 * variance of the seeds' mean, and from that which other rows would add, which all seeds share. Degrees of
 * freedom by F. E. Satterthwaite, "An Approximate Distribution of Estimates of Variance Components" (1946).
 * Proportions have
 * Wilson's interval of as many rows as would have that variance, so that it never reaches what is impossible.
 */
export function seedInterval(
  seeds: readonly SeedScore[],
  scale: Scale,
): readonly [low: number, high: number] {
  const values = seeds.map(({ value }) => value);
  const rows = seeds[0]?.rows ?? 0;
  const center = mean(values);
  const ofSeeds = sampleDeviation(values) ** 2 / values.length;
  const halfWidth = mean(seeds.map(({ interval: [low, high] }) => (high - low) / 2));
  const spread = center * (1 - center);
  const isProportion = scale === 'proportion';
  const ofRows = isProportion ? spread / rows : (halfWidth / normalQuantile) ** 2;
  const total = ofSeeds + ofRows;
  if (total === 0) return isProportion ? wilsonInterval(center, rows) : [center, center];
  const freedom = total ** 2 / (ofSeeds ** 2 / (values.length - 1) + ofRows ** 2 / Math.max(1, rows - 1));
  const quantile = studentQuantile(Math.max(1, freedom));
  if (isProportion) return wilsonInterval(center, spread / total, quantile);
  const reach = quantile * Math.sqrt(total);
  return scale === 'share'
    ? [Math.max(0, center - reach), Math.min(1, center + reach)]
    : [center - reach, center + reach];
}

/** Of at least two values. */
export function sampleDeviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}
