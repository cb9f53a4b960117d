import { setMaxListeners } from 'node:events';
import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Agents, ProxyError, tunnelAgents } from '../../../../network/proxy-tunnel.ts';
import { type Answer, failed, RemoteFailure, type RemoteFault } from '../remote-storage.ts';

/** A request with all its headers. */
interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Its body, made again for each try. */
  readonly body?: () => AsyncIterable<Uint8Array>;
  readonly bodySize: number;
  /** What the server may take to do its part without a word. */
  readonly workMilliseconds: number;
}

export interface TimeLimits {
  /** Milliseconds to establish a connection. */
  readonly connectMilliseconds: number;
  /** Without a byte in either direction. */
  readonly idleMilliseconds: number;
  /** For the whole of a request that moves little. */
  readonly totalMilliseconds: number;
}

export const timeLimits: TimeLimits = {
  connectMilliseconds: 2000,
  idleMilliseconds: 10_000,
  totalMilliseconds: 30_000,
};

/** Slower than this is as bad as silence. */
const leastBytesPerSecond = 16_384;

/** A body up to this size is sent with the headers: a server reads it whole before it rejects it. */
const withHeaders = 1 << 16;

/** Sends requests, and gives each answer with its body still to be read. */
export interface Transport {
  send(request: SignedRequest, signal: AbortSignal): Promise<Answer<IncomingMessage>>;
}

/**
 * Connections are kept and used again; those that rest do not keep the process. `proxy`: goes through it;
 * undefined: directly.
 */
export function transport(limits: TimeLimits = timeLimits, proxy?: URL): Transport {
  const options = { keepAlive: true, maxSockets: 16 };
  const agents: Agents =
    proxy === undefined
      ? { http: new HttpAgent(options), https: new HttpsAgent(options) }
      : tunnelAgents(proxy, limits.connectMilliseconds, options);
  return {
    async send({ method, url, headers, body, bodySize, workMilliseconds }, signal) {
      if (signal.aborted) return failed({ kind: 'silent', message: 'given up' });
      const isSecure = url.protocol === 'https:';
      const awaitsContinue = body !== undefined && bodySize > withHeaders;
      const request = (isSecure ? httpsRequest : httpRequest)(url, {
        method,
        headers: { ...headers, ...(awaitsContinue ? { expect: '100-continue' } : {}) },
        agent: isSecure ? agents.https : agents.http,
      });
      const slowLimits = {
        ...limits,
        idleMilliseconds: limits.idleMilliseconds + workMilliseconds,
        totalMilliseconds: limits.totalMilliseconds + workMilliseconds,
      };
      return exchanged(request, {
        host: url.host,
        body,
        bodySize,
        awaitsContinue,
        limits: slowLimits,
        signal,
      });
    },
  };
}

interface Exchange {
  readonly host: string;
  readonly body: SignedRequest['body'];
  readonly bodySize: number;
  /** Whether the body is sent only when the server asks for it. */
  readonly awaitsContinue: boolean;
  readonly limits: TimeLimits;
  readonly signal: AbortSignal;
}

function exchanged(request: ClientRequest, exchange: Exchange): Promise<Answer<IncomingMessage>> {
  const { host, body, bodySize, awaitsContinue, limits, signal } = exchange;
  const timers = new Set<NodeJS.Timeout>();
  const after = (milliseconds: number, act: () => void): void =>
    void timers.add(setTimeout(act, milliseconds).unref());
  const silent = (): RemoteFailure =>
    new RemoteFailure({
      kind: 'silent',
      message: `${host} has not answered for ${Math.round(limits.idleMilliseconds / 1000)} seconds`,
    });
  const giveUp = (): void => void request.destroy(new RemoteFailure({ kind: 'silent', message: 'given up' }));
  return new Promise((resolve) => {
    let isSending = false;
    const send = (): void => {
      if (isSending || body === undefined) return;
      isSending = true;
      pipeline(Readable.from(body()), request).catch((error: unknown) => {
        // The response came first, so the rest of the body is not needed.
        if (!request.destroyed) request.destroy(error instanceof Error ? error : undefined);
        else if (error instanceof RemoteFailure) resolve(failed(error.fault));
      });
    };
    const end = (): void => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
    };
    // As many requests as go on at once listen to one signal.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', giveUp, { once: true });
    request.setTimeout(limits.idleMilliseconds, () => request.destroy(silent()));
    after(limits.totalMilliseconds + (bodySize / leastBytesPerSecond) * 1000, () =>
      request.destroy(silent()),
    );
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      const connectTimer = setTimeout(
        () =>
          request.destroy(
            new RemoteFailure({
              kind: 'unreachable',
              message: `no connection to ${host} in ${limits.connectMilliseconds / 1000} seconds`,
            }),
          ),
        limits.connectMilliseconds,
      ).unref();
      timers.add(connectTimer);
      socket.once('connect', () => clearTimeout(connectTimer));
    });
    request.on('continue', send);
    request.on('error', (error) => {
      end();
      resolve(failed(faultOf(error, host)));
    });
    request.on('response', (response) => {
      const size = Number(response.headers['content-length'] ?? 0);
      for (const timer of timers) clearTimeout(timer);
      after(limits.totalMilliseconds + (size / leastBytesPerSecond) * 1000, () => response.destroy(silent()));
      // A reader gets the error; without a reader it must not crash the process.
      response.on('error', () => undefined);
      response.once('close', end);
      // A connection on which a body was announced and not sent cannot be used again.
      if (body !== undefined && !request.writableEnded) response.once('close', () => request.destroy());
      resolve({ ok: true, value: response });
    });
    if (awaitsContinue) {
      request.flushHeaders();
      // Servers that do not support the header wait for the body.
      after(1000, send);
    } else if (body === undefined) request.end();
    else send();
  });
}

/** What a failed connection means. */
export function faultOf(error: unknown, host: string): RemoteFault {
  if (error instanceof RemoteFailure) return error.fault;
  if (error instanceof ProxyError)
    return { kind: 'unreachable', message: `no connection to ${host}: ${error.message}` };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { kind: 'unreachable', message: `the name of ${host} cannot be resolved (${code})` };
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return { kind: 'unreachable', message: `no connection to ${host} (${code})` };
    default: {
      const message = error instanceof Error ? error.message : 'unknown';
      return { kind: 'failed', message: `the connection to ${host} broke off (${code || message})` };
    }
  }
}
