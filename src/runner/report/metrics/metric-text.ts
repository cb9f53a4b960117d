import type { MetricValue } from '../../answers/results.ts';

/**
 * A metric for people: integers with all their digits, small numbers with an exponent, others with four
 * decimals.
 */
export const metricText = (value: MetricValue): string =>
  typeof value === 'bigint' || Number.isInteger(value) ? String(value) : decimals(value);

/** With four decimals; small numbers with an exponent. */
export const decimals = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.001 ? value.toExponential(2) : value.toFixed(4);
