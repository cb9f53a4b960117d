import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { openBucket } from '../../src/runner/cache/remote/s3/open-bucket.ts';
import { openLoopbackProxy } from '../hub/loopback-proxy.ts';

const never = new AbortController().signal;

const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };

async function bucketOf(environment: NodeJS.ProcessEnv) {
  return openBucket('b', 'p', { environment: { ...keys, ...environment }, home: '/none', root: '/none' });
}

/** Lists a folder; the result, or the fault. */
async function listing(environment: NodeJS.ProcessEnv, times = 1): Promise<unknown> {
  const opened = await bucketOf(environment);
  if (!opened.ok) return opened.error;
  let last: unknown;
  for (let time = 0; time < times; time++) {
    const listed = await opened.value.list('entries', never);
    last = listed.ok ? listed.value : listed.error;
  }
  return last;
}

async function listening<T extends Server>(server: T) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close() };
}

const serving = (listener: RequestListener) => listening(createHttpServer(listener));

test('a bucket is reached through the proxy of the environment, by one tunnel for many requests', async () => {
  const hosts: (string | undefined)[] = [];
  using server = await serving(({ headers }, response) => {
    hosts.push(headers.host);
    response.end('<ListBucketResult/>');
  });
  await using proxy = await openLoopbackProxy(server.url);
  const environment = {
    AWS_ENDPOINT_URL: 'http://hub.invalid',
    HTTP_PROXY: proxy.url.replace('//', '//user:pass%21@'),
  };
  expect(await listing(environment, 3)).toEqual([]);
  expect(hosts).toEqual(['hub.invalid', 'hub.invalid', 'hub.invalid']);
  expect(proxy.asked).toEqual([
    {
      target: 'hub.invalid:80',
      authorization: `Basic ${Buffer.from('user:pass!').toString('base64')}`,
    },
  ]);
});

test('an endpoint in NO_PROXY is reached without it', async () => {
  using server = await serving((_, response) => void response.end('<ListBucketResult/>'));
  await using proxy = await openLoopbackProxy(server.url);
  expect(
    await listing({ AWS_ENDPOINT_URL: server.url, HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' }),
  ).toEqual([]);
  expect(proxy.asked).toEqual([]);
});

test('https is encrypted inside the tunnel, for the name of the server', async () => {
  let received = Buffer.alloc(0);
  using server = await listening(
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        received = bytes;
        socket.destroy();
      });
    }),
  );
  await using proxy = await openLoopbackProxy(server.url);
  await listing({ AWS_ENDPOINT_URL: 'https://hub.invalid', HTTPS_PROXY: proxy.url });
  expect(proxy.asked[0]?.target).toBe('hub.invalid:443');
  // A handshake record (RFC 8446, 5.1) with a ClientHello.
  expect([received[0], received[5]]).toEqual([22, 1]);
  expect(received.includes('hub.invalid')).toBe(true);
});

test('a proxy that fails is named in the fault, without its password', async () => {
  using refusing = await serving((_, response) => void response.writeHead(501).end());
  const environment = (url: string) => ({
    AWS_ENDPOINT_URL: 'http://hub.invalid',
    HTTP_PROXY: url.replace('//', '//user:secret@'),
  });
  // Node's server closes a connection that asks for a tunnel.
  expect(await listing(environment(refusing.url))).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/^no connection to hub\.invalid: the proxy 127\.0\.0\.1:\d+ failed/),
  });
  const denying = createHttpServer();
  denying.on('connect', (_, socket) => void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'));
  using denied = await listening(denying);
  expect(await listing(environment(denied.url))).toEqual({
    kind: 'unreachable',
    message: `no connection to hub.invalid: the proxy ${denied.url.slice('http://'.length)} answered 407`,
  });
});

test.each(['socks5://user:secret@proxy', 'http://[user:secret'])(
  'the proxy %j is refused without showing its password',
  async (url) => {
    const error = await listing({ AWS_ENDPOINT_URL: 'http://hub.invalid', HTTP_PROXY: url });
    expect(error).toBe('the proxy of HTTPS_PROXY: it is not a URL such as http://proxy.example:3128');
  },
);
