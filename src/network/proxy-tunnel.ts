import { Agent as HttpAgent, type AgentOptions, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Result } from '../result.ts';

/** A proxy that cannot be reached, or that opens no connection to the server. */
export class ProxyError extends Error {}

/** Agents for requests by node:http and node:https. */
export interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/**
 * Agents whose connections go through the proxy, by its method CONNECT (RFC 9110, 9.3.6).
 * `connectMilliseconds`: the limit for the proxy to open one. A failure is a ProxyError.
 */
export function tunnelAgents(proxy: URL, connectMilliseconds: number, options: AgentOptions): Agents {
  const open: Open = (host, port, done) => {
    const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    openTunnel(proxy, target, connectMilliseconds, done);
  };
  return { http: new HttpTunnels(open, options), https: new HttpsTunnels(open, options) };
}

type Open = (host: string, port: string, done: (opened: Result<Socket, ProxyError>) => void) => void;
type ConnectionOptions = Parameters<HttpAgent['createConnection']>[0];
type Callback = Parameters<HttpAgent['createConnection']>[1];

class HttpTunnels extends HttpAgent {
  private readonly open: Open;
  constructor(open: Open, options: AgentOptions) {
    super(options);
    this.open = open;
  }
  override createConnection(options: ConnectionOptions, callback?: Callback): undefined {
    this.open(options.host ?? '', String(options.port ?? 80), (opened) => {
      if (opened.ok) callback?.(null, opened.value);
      else callback?.(opened.error, ignored());
    });
  }
}

class HttpsTunnels extends HttpsAgent {
  private readonly open: Open;
  constructor(open: Open, options: AgentOptions) {
    super(options);
    this.open = open;
  }
  override createConnection(options: ConnectionOptions, callback?: Callback): undefined {
    this.open(options.host ?? '', String(options.port ?? 443), (opened) => {
      if (!opened.ok) return callback?.(opened.error, ignored());
      const inTunnel = { ...options, socket: opened.value };
      const encrypted = super.createConnection(inTunnel);
      if (encrypted instanceof Duplex) callback?.(null, encrypted);
    });
  }
}

/** The type of the callback wants a stream beside an error too. */
const ignored = (): Duplex => new Duplex();

function openTunnel(
  proxy: URL,
  target: string,
  milliseconds: number,
  done: (opened: Result<Socket, ProxyError>) => void,
): void {
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port,
    method: 'CONNECT',
    path: target,
    headers: {
      host: target,
      ...(user === ':' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(user).toString('base64')}` }),
    },
    agent: false,
  });
  const fail = (reason: string): void =>
    done({ ok: false, error: new ProxyError(`the proxy ${proxy.host} ${reason}`) });
  const timer = setTimeout(
    () => request.destroy(new Error(`no answer in ${milliseconds / 1000} seconds`)),
    milliseconds,
  );
  request.on('connect', ({ statusCode }, socket) => {
    clearTimeout(timer);
    if (statusCode === 200) return done({ ok: true, value: socket });
    socket.destroy();
    fail(`answered ${statusCode}`);
  });
  request.on('error', (error) => {
    clearTimeout(timer);
    fail(`failed (${'code' in error ? String(error.code) : error.message})`);
  });
  request.end();
}
