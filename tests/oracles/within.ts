import { appendFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Demands that a difference is below what is allowed; NaN never is. See `noteMeasured`. */
export function expectWithin(difference: number, allowed: number, what = ''): void {
  noteMeasured({ what, difference, allowed });
  expect(difference, what).toBeLessThan(allowed);
}

/**
 * With MEASURED=FILE, what tests measure is gathered there, a line of JSON each: `scripts/measure-parity.mjs`
 * makes a table of it.
 */
export function noteMeasured(measured: {
  readonly what?: string;
  readonly difference: number;
  readonly allowed: number;
  readonly compared?: number;
}): void {
  const file = process.env['MEASURED'];
  if (file === undefined) return;
  const { currentTestName = '', testPath = '' } = expect.getState();
  appendFileSync(
    file,
    `${JSON.stringify({ subject: testPath.replace(/^.*\//, '').replace('.test.ts', ''), test: currentTestName, ...measured })}` +
      `\n`,
  );
}

/**
 * How far two right computations in float32 may be apart: eight times as far as ours moves when the last bit
 * of every weight is turned (both sides round, in every op), or `least` where that is more. Large random
 * weights saturate attention, which magnifies rounding far beyond a trained model's.
 */
export const roundingAllowance = (least: number, moved: number): number => Math.max(least, 8 * moved);
