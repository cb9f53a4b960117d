import { describe, expect, test } from 'vitest';
import { retryCounter, type RetryCause } from '../../src/runner/schedule/attempt/retries.ts';

const exit: RetryCause = { kind: 'failed', failure: { kind: 'exit', code: 1 } };
const lost: RetryCause = { kind: 'failed', failure: { kind: 'lost' } };
const obstructed: RetryCause = { kind: 'obstructed' };
const resumable: RetryCause = { kind: 'resumable' };

/** The seconds until each next attempt; the delay after the nth failure or loss is 10 n. */
function delays(retries: number, restarts: number, causes: readonly RetryCause[]) {
  const delayAfter = retryCounter({ retries, restarts, delay: (n) => 10 * n });
  return causes.map(delayAfter);
}

describe('whether another attempt follows', () => {
  test('a stage that fails runs again as often as `retries` says', () => {
    expect(delays(2, 0, [exit, exit, exit])).toEqual([10, 20, undefined]);
  });

  test('lost jobs start again without using up retries, and count as failures after that', () => {
    expect(delays(1, 2, [lost, exit, lost, lost])).toEqual([10, 10, 20, undefined]);
  });

  test('a stage that can continue from its checkpoint does so at once and without limit', () => {
    expect(delays(0, 0, [resumable, resumable, resumable])).toEqual([0, 0, 0]);
    expect(delays(1, 0, [resumable, exit, resumable, exit])).toEqual([0, 10, 0, undefined]);
  });

  test('an obstacle that would block the next attempt ends the instance', () => {
    expect(delays(3, 3, [obstructed])).toEqual([undefined]);
  });
});
