import { createHash, timingSafeEqual } from 'node:crypto';

/** What of a request decides whether it is answered. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What opens the server: the token of the printed URL, and the cookie that it is swapped for. */
export interface Keys {
  readonly token: string;
  readonly session: string;
  /** Cookies do not distinguish ports, so the name of this one contains the port. */
  readonly cookie: string;
}

type Admission =
  | { readonly kind: 'admitted'; readonly path: string; readonly query: URLSearchParams }
  /** The token is right: the browser gets the cookie, and the address without the token. */
  | { readonly kind: 'sign-in'; readonly location: string; readonly setCookie: string }
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 403 | 405; readonly problem: string };

/**
 * Whether a request may be answered. Pages of other hosts can reach this server through the user's browser:
 * one of their names may resolve to 127.0.0.1 (DNS rebinding), which Host reveals, and they may send
 * cross-site requests, which Origin and Sec-Fetch-Site reveal.
 */
export function admission({ method, url = '', headers }: RequestHead, keys: Keys): Admission {
  const { host, origin } = headers;
  const isQuestion = method === 'POST' && url === '/ask';
  if (method !== 'GET' && !isQuestion)
    return { kind: 'refused', status: 405, problem: 'only GET, and POST /ask, are answered' };
  if (typeof host !== 'string' || !localHost.test(host))
    return { kind: 'refused', status: 403, problem: 'Host must be localhost or 127.0.0.1' };
  // Browsers name the origin of every POST.
  if ((origin !== undefined || isQuestion) && origin !== `http://${host}`)
    return { kind: 'refused', status: 403, problem: 'requests of other origins are not answered' };
  const address = URL.canParse(url, `http://${host}`) ? new URL(url, `http://${host}`) : undefined;
  if (address === undefined || !url.startsWith('/') || address.host !== host.toLowerCase())
    return { kind: 'refused', status: 400, problem: 'the address is not valid' };
  const path = address.pathname;
  const token = address.searchParams.get('token');
  if (token !== null) {
    if (!isEqual(token, keys.token)) return refusedToken;
    address.searchParams.delete('token');
    return {
      kind: 'sign-in',
      location: `${path.replace(/^\/+/, '/')}${address.search}`,
      setCookie: `${keys.cookie}=${keys.session}; HttpOnly; SameSite=Strict; Path=/`,
    };
  }
  if (!isEqual(cookieNamed(keys.cookie, headers['cookie']), keys.session)) return refusedToken;
  if (
    (path.startsWith('/api/') || isQuestion) &&
    !sameSite.has(String(headers['sec-fetch-site'] ?? 'same-origin'))
  )
    return { kind: 'refused', status: 403, problem: 'requests of other origins are not answered' };
  return { kind: 'admitted', path, query: address.searchParams };
}

/** With any port, so that a port that SSH forwards works. */
const localHost = /^(localhost|127\.0\.0\.1)(:\d{1,5})?$/i;

const sameSite: ReadonlySet<string> = new Set(['same-origin', 'none']);

const refusedToken: Admission = {
  kind: 'refused',
  status: 401,
  problem: 'open the address that `pipeline ui` prints: it contains the token of this server',
};

function cookieNamed(name: string, header: RequestHead['headers'][string]): string {
  const cookies = (typeof header === 'string' ? header : '').split(';').map((cookie) => cookie.trim());
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

/** Compares digests, which have equal length: its time does not reveal where the texts differ. */
const isEqual = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
