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
  const through =
    (port: number, use: (inTunnel: ConnectionOptions & { socket: Socket }) => Connection): Connect =>
    (of, callback) => {
      const host = of.host ?? '';
      const target = `${host.includes(':') ? `[${host}]` : host}:${of.port ?? port}`;
      openTunnel(proxy, target, connectMilliseconds, (opened) => {
        if (!opened.ok) return callback?.(opened.error, ignored());
        const used = use({ ...of, socket: opened.value });
        if (used instanceof Duplex) callback?.(null, used);
      });
      return undefined;
    };
  const [http, https] = [new HttpAgent(options), new HttpsAgent(options)];
  http.createConnection = through(80, ({ socket }) => socket);
  https.createConnection = through(443, https.createConnection.bind(https));
  return { http, https };
}

type Connect = HttpAgent['createConnection'];
type ConnectionOptions = Parameters<Connect>[0];
type Connection = ReturnType<Connect>;

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
