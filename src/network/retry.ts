/**
 * Whether the same request may get another answer later: after timeouts, rate limits and failures of the
 * server. 501 is not one of them: what a server does not support now, it will not support then.
 */
export const isTransientStatus = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501);

/**
 * Repeats a request while its outcome is transient, once after each delay (in milliseconds), and returns the
 * last outcome. `wait` is given the outcome that is dropped; if it throws, for example because a signal was
 * aborted, so does this.
 */
export async function retry<T>(
  request: () => Promise<T>,
  isTransient: (outcome: T) => boolean,
  delays: readonly number[],
  wait: (milliseconds: number, outcome: T) => Promise<void>,
): Promise<T> {
  for (const delay of delays) {
    const outcome = await request();
    if (!isTransient(outcome)) return outcome;
    await wait(delay, outcome);
  }
  return request();
}
