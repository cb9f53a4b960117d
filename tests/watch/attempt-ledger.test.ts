import { expect, test } from 'vitest';
import type { Outcome } from '../../src/runner/event.ts';
import type { InstanceId, Key } from '../../src/runner/identity.ts';
import { AttemptLedger } from '../../src/runner/watch/attempt-ledger.ts';

const a = 'a' as InstanceId;
const [k, other] = ['k' as Key, 'other' as Key];
const hour = 3_600_000;
const diskFull = (seconds: number): Outcome => ({
  kind: 'failed',
  failure: { kind: 'disk', message: 'no space left' },
  seconds,
  tail: [],
});
const exited: Outcome = { kind: 'failed', failure: { kind: 'exit', code: 1 }, seconds: 1, tail: [] };

test('a failed program is due under another key, never under its own', () => {
  const tried = new AttemptLedger();
  tried.note(a, k, exited, false, 0);
  expect(tried.isAnyDue(new Map([[a, k]]), 1000 * hour)).toBe(false);
  expect(tried.isAnyDue(new Map([[a, other]]), 0)).toBe(true);
  expect([...tried.failures.keys()]).toEqual([k]);
});

test('an unreadable input is due as soon as its key is known', () => {
  const tried = new AttemptLedger();
  tried.note(a, null, diskFull(0), false, 0);
  expect(tried.isAnyDue(new Map(), hour)).toBe(false);
  tried.fillIn(new Map([[a, k]]));
  expect(tried.isAnyDue(new Map([[a, k]]), 0)).toBe(true);
});

test('a disk failure is due again under its key, later each time, the longer the disk fails', () => {
  const tried = new AttemptLedger();
  const dueAfter = (at: number): number =>
    [1 / 60, 1, 2, 4, 8, 16].find((hours) => tried.isAnyDue(new Map([[a, k]]), at + hours * hour)) ??
    Infinity;
  tried.note(a, k, diskFull(1), false, 0);
  expect(tried.isAnyDue(new Map([[a, k]]), 0)).toBe(false);
  expect(dueAfter(0)).toBe(1 / 60);
  tried.note(a, k, diskFull(1), false, 2 * hour);
  expect(dueAfter(2 * hour)).toBe(4);
  expect(tried.isAnyDue(new Map([[a, other]]), 2 * hour)).toBe(true);
  expect(tried.failures.size).toBe(0);
  tried.note(a, other, diskFull(1), false, 2 * hour);
  expect(tried.isAnyDue(new Map([[a, other]]), 2 * hour + hour / 60)).toBe(true);
  tried.note(a, k, diskFull(3 * 3600), false, 9 * hour);
  expect(dueAfter(9 * hour)).toBe(4);
});

test('a stage that changes its inputs is not due for its own changes', () => {
  const tried = new AttemptLedger();
  tried.note(a, k, { kind: 'ran', seconds: 1, published: false, edited: 'x' }, true, 0);
  tried.fillIn(new Map([[a, other]]));
  expect(tried.isAnyDue(new Map([[a, other]]), hour)).toBe(false);
  expect(tried.isAnyDue(new Map([[a, k]]), hour)).toBe(true);
  expect(tried.withOuts()).toEqual([a]);
});
