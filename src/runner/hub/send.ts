import type { fetch as Fetch } from 'undici';
import type { Result } from '../../result.ts';
import type { ProxySettings } from './hub-settings.ts';

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

/**
 * The fetch of undici, on which Node's own is based: before Node 24 Node's has no proxy support, and it waits
 * five minutes for a silent connection. `silence`: milliseconds without a byte after which a connection
 * counts as broken. The error describes a fault in the proxy's URL without showing it, since it may contain a
 * password.
 */
export async function proxiedFetch(
  proxy: ProxySettings | undefined,
  silence: number,
): Promise<Result<typeof Fetch>> {
  const wrong = [proxy?.http, proxy?.https].find((url) => url !== undefined && !isProxyUrl(url));
  if (wrong !== undefined) return { ok: false, error: 'it is not a URL such as http://proxy.example:3128' };
  const { Agent, EnvHttpProxyAgent, fetch } = await import('undici');
  const limits = { headersTimeout: silence, bodyTimeout: silence };
  const dispatcher =
    proxy === undefined
      ? new Agent(limits)
      : new EnvHttpProxyAgent({
          ...limits,
          httpProxy: proxy.http ?? '',
          httpsProxy: proxy.https ?? '',
          noProxy: proxy.except,
        });
  return { ok: true, value: (url, request) => fetch(url, { ...request, dispatcher }) };
}

function isProxyUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:', 'socks5:', 'socks:'].includes(new URL(text).protocol);
}
