import { expect, test } from 'vitest';
import { newRunId } from '../../src/runner/schedule/new-run-id.ts';

test('runs that begin in the same second have different names', () => {
  const names = new Set<string>();
  // By chance alone some of so many would be alike: about 120.
  for (let run = 0; run < 4000; run++)
    names.add(newRunId(Date.UTC(2026, 0, 31, 14, 25, 1), (name) => names.has(name)));
  expect(names.size).toBe(4000);
  expect([...names].every((name) => name.startsWith('20260131-142501-'))).toBe(true);
});
