import type { Result } from '../../../../result.ts';
import type { ExpiringCredentials } from './expiring-credentials.ts';

type FindCredentials = () => Promise<Result<ExpiringCredentials | undefined>>;

/** Milliseconds between two attempts to find credentials, and how early they are renewed. */
const patience = 60_000;
const early = 5 * 60_000;

/**
 * Credentials that are fetched once for all requests, and again before they expire; while the old ones are
 * valid, a failure to renew them does no harm. A failure is not retried for a minute: a remote without
 * credentials is disabled at once.
 */
export function cachedCredentials(find: FindCredentials, now: () => number): FindCredentials {
  let last: { readonly at: number; readonly found: Awaited<ReturnType<FindCredentials>> } | undefined;
  let pending: ReturnType<FindCredentials> | undefined;

  async function renew(): ReturnType<FindCredentials> {
    const found = await find();
    const isOldValid = last?.found.ok === true && (last.found.value?.expiresAt ?? 0) > now();
    last = { at: now(), found: !found.ok && isOldValid ? (last?.found ?? found) : found };
    return last.found;
  }

  return async () => {
    if (last !== undefined && !isDue(last.at, last.found, now())) return last.found;
    pending ??= renew().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}

function isDue(at: number, found: Awaited<ReturnType<FindCredentials>>, now: number): boolean {
  const expiresAt = found.ok ? (found.value?.expiresAt ?? Infinity) : now;
  const isExpired = found.ok && expiresAt <= now;
  return isExpired || (expiresAt - now < early && now - at >= patience);
}
