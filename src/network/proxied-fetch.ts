import type { fetch as Fetch } from 'undici';
import type { Result } from '../result.ts';
import type { ProxySettings } from './proxy-settings.ts';

export type ProxiedFetch = typeof Fetch;

/**
 * The fetch of undici, on which Node's own is based: before Node 24 Node's has no proxy support, and it waits
 * five minutes for a silent connection. `silence`: milliseconds without a byte after which a connection
 * counts as broken. The error describes a fault in the proxy's URL without showing it, since it may contain a
 * password.
 */
export async function proxiedFetch(
  proxy: ProxySettings | undefined,
  silence: number,
): Promise<Result<ProxiedFetch>> {
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
