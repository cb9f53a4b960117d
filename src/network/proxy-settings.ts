/** The proxy for each scheme, as URLs, and the hosts that are reached without one, separated by commas. */
export interface ProxySettings {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly except: string;
}

/** The proxies by the variables that curl reads; undefined: none is set. */
export function proxySettings(
  environment: Readonly<Record<string, string | undefined>>,
): ProxySettings | undefined {
  const value = (...names: readonly string[]): string | undefined =>
    names.map((name) => environment[name]?.trim()).find((text) => text !== undefined && text !== '');
  const http = proxyUrl(value('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'));
  const https = proxyUrl(value('https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'));
  return http === undefined && https === undefined
    ? undefined
    : { http, https, except: value('no_proxy', 'NO_PROXY') ?? '' };
}

/** curl takes "proxy.example:3128" as well. */
function proxyUrl(text: string | undefined): string | undefined {
  return text === undefined || /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
}

/**
 * The proxy for a URL; undefined: it is reached directly. The rules are those of undici's EnvHttpProxyAgent,
 * which proxiedFetch uses: a host in the list excepts its subdomains too, "*" all hosts.
 */
export function proxyFor(url: URL, { http, https, except }: ProxySettings): string | undefined {
  const port = url.port === '' ? { 'http:': '80', 'https:': '443' }[url.protocol] : url.port;
  const isExcepted =
    except === '*' ||
    except
      .split(/[,\s]+/)
      .map((entry) => /^(?<host>.+?)(?::(?<port>\d+))?$/.exec(entry)?.groups)
      .some((entry) => {
        const host = entry?.['host']?.replace(/^\*?\./, '').toLowerCase();
        return (
          host !== undefined && (entry?.['port'] ?? port) === port && `.${url.hostname}`.endsWith(`.${host}`)
        );
      });
  if (isExcepted) return undefined;
  return url.protocol === 'https:' ? (https ?? http) : http;
}
