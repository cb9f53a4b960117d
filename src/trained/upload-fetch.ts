import { isTransientStatus, retry } from '../network/retry.ts';
import type { Result } from '../result.ts';
import type { HubAccess } from '../runner/answers/models.ts';
import { networkReason } from '../runner/wording/network-reason.ts';

/** Waits so many milliseconds. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

/** The requests of one upload. */
export interface UploadFetch {
  readonly fetch: typeof fetch;
  /** The text without the secrets that were sent: tokens, and the signatures in URLs. */
  readonly withoutSecrets: (text: string) => string;
}

/** A request that got no answer. */
export class Unreachable extends Error {
  constructor(host: string, cause: unknown) {
    super(`${host} cannot be reached (${networkReason(cause)})`);
  }
}

/**
 * The fetch for an upload: through the proxy, aborted by `signal`. Uploads to the stores of large files are
 * content-addressed, so they are retried after a failure of the network or the server. Requests to the hub
 * itself are not: a commit whose response was lost would be made twice.
 */
export async function uploadFetch(
  { endpoint, token, connect }: HubAccess,
  signal: AbortSignal,
  wait: Wait,
): Promise<Result<UploadFetch>> {
  // fetch would show the value of a header that it cannot send.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    return { ok: false, error: 'HF_TOKEN has a character that tokens cannot have: copy the token again' };
  const connected = await connect(longestSilence);
  if (!connected.ok) return { ok: false, error: `the proxy of HTTPS_PROXY: ${connected.error}` };
  const proxied = connected.value;
  const secrets = new Set<string>();
  async function send(
    url: URL,
    headers: Headers,
    init: RequestInit | undefined,
  ): Promise<Response | Unreachable> {
    const answer = await proxied(url, {
      method: init?.method ?? 'GET',
      headers: [...headers],
      body: bodyOf(init?.body),
      signal,
    }).catch((error: unknown) => new Unreachable(url.host, error));
    signal.throwIfAborted();
    return answer;
  }
  return {
    ok: true,
    value: {
      async fetch(input, init) {
        // The library gives addresses as texts.
        const url = new URL(String(input));
        const headers = new Headers(init?.headers);
        const sent = headers.get('authorization')?.replace(/^Bearer /, '') ?? '';
        if (sent !== '') secrets.add(sent);
        const answer = await retry(
          () => send(url, headers, init),
          (outcome) => outcome instanceof Unreachable || isTransientStatus(outcome.status),
          url.origin === new URL(endpoint).origin ? [] : storeDelays,
          async (milliseconds, outcome) => {
            if (!(outcome instanceof Unreachable)) await outcome.body?.cancel();
            await wait(milliseconds, signal);
          },
        );
        if (answer instanceof Unreachable) throw answer;
        return answer;
      },
      withoutSecrets: (text) =>
        [...secrets].reduce(
          (shown, secret) => shown.replaceAll(secret, '***'),
          text.replaceAll(/(https?:\/\/[^\s?]+)\?\S*/g, '$1'),
        ),
    },
  };
}

/** Before a request to a store of large files is repeated, in milliseconds. */
const storeDelays = [1000, 2000, 4000, 8000];

/** In milliseconds: a slow connection takes long to answer to a block of 64 MiB. */
const longestSilence = 30 * 60_000;

/** The kinds of body that the library sends. */
function bodyOf(body: unknown): string | Blob | Uint8Array | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string' || body instanceof Blob || body instanceof Uint8Array) return body;
  throw new TypeError(`a body of another kind: ${Object.prototype.toString.call(body)}`);
}
