import { expect, test } from 'vitest';
import { isTransientStatus, retry } from '../../src/network/retry.ts';

test('timeouts, rate limits and failures of the server may pass, and 501 will not', () => {
  const statuses = [200, 301, 400, 401, 403, 404, 408, 409, 412, 429, 500, 501, 502, 503, 504, 599];
  expect(statuses.filter(isTransientStatus)).toEqual([408, 429, 500, 502, 503, 504, 599]);
});

/** Sends requests with these statuses as outcomes. */
async function retried(statuses: readonly number[], delays: readonly number[]) {
  const waits: (readonly [number, number])[] = [];
  let sent = 0;
  const last = await retry(
    async () => statuses[sent++] ?? 0,
    isTransientStatus,
    delays,
    async (milliseconds, dropped) => void waits.push([milliseconds, dropped]),
  );
  return { last, sent, waits };
}

test('a request is repeated after each delay until its outcome is final', async () => {
  expect(await retried([503, 429, 404, 200], [10, 20, 30])).toEqual({
    last: 404,
    sent: 3,
    waits: [
      [10, 503],
      [20, 429],
    ],
  });
});

test('once the delays are used up the last outcome counts', async () => {
  expect(await retried([500, 502, 503, 200], [10, 20])).toMatchObject({ last: 503, sent: 3 });
  expect(await retried([500, 200], [])).toEqual({ last: 500, sent: 1, waits: [] });
});

test('a wait that is aborted ends it without another request', async () => {
  let sent = 0;
  const aborted = retry(
    async () => ++sent,
    () => true,
    [1, 1],
    async () => AbortSignal.abort().throwIfAborted(),
  );
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  expect(sent).toBe(1);
});
