import type { Result } from '../../result.ts';
import type { ProxySettings } from './hub-settings.ts';

/** Sends a GET request and follows redirects; on its way to another origin the Authorization header is dropped (as the fetch standard says). */
export type Send = (url: string, request: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal }) => Promise<Answer>;

/** What is used of the standard's Response. */
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

/**
 * Node's own fetch; where a proxy is set, that of undici, on which Node's is built, since before Node 24 the latter knows
 * no proxy. The error is what is wrong with the proxy's URL, which is not shown: it may hold a password.
 */
export async function connect(proxy: ProxySettings | undefined): Promise<Result<Send>> {
  if (proxy === undefined) return { ok: true, value: (url, request) => fetch(url, request) };
  const wrong = [proxy.http, proxy.https].find((url) => url !== undefined && !isProxyUrl(url));
  if (wrong !== undefined) return { ok: false, error: 'it holds no URL such as http://proxy.example:3128' };
  const { EnvHttpProxyAgent, fetch: fetchThrough } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent({ httpProxy: proxy.http ?? '', httpsProxy: proxy.https ?? '', noProxy: proxy.except });
  return { ok: true, value: (url, request) => fetchThrough(url, { ...request, dispatcher }) };
}

function isProxyUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:', 'socks5:', 'socks:'].includes(new URL(text).protocol);
}
