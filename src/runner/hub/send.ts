import { proxiedFetch } from '../../network/proxied-fetch.ts';
import type { ProxySettings } from '../../network/proxy-settings.ts';
import type { Result } from '../../result.ts';

/**
 * Sends a GET request and follows redirects; on a redirect to another origin the Authorization header is
 * dropped (as the fetch standard requires).
 */
export type Send = (
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<Answer>;

/** The used part of the standard's Response. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  readonly body: AnswerBody | null;
}

interface AnswerBody extends AsyncIterable<Uint8Array> {
  cancel(): Promise<void>;
}

/** Requests by the fetch of undici, through the proxy. */
export async function connect(proxy: ProxySettings | undefined, silence = 60_000): Promise<Result<Send>> {
  const fetch = await proxiedFetch(proxy, silence);
  return fetch.ok ? { ok: true, value: (url, request) => fetch.value(url, request) } : fetch;
}
