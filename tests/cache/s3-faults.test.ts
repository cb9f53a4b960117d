import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { remoteSource } from '../../src/runner/cache/remote/remote-source.ts';
import type { NewContent, RemoteStorage } from '../../src/runner/cache/remote/remote-storage.ts';
import { parseSigner } from '../../src/runner/cache/remote/signed-entry.ts';
import { s3Client } from '../../src/runner/cache/remote/s3/s3-client.ts';
import { s3Storage } from '../../src/runner/cache/remote/s3/s3-storage.ts';
import { type TimeLimits, timeLimits, transport } from '../../src/runner/cache/remote/s3/send-request.ts';
import { clone, person } from '../rig/shared-clone.ts';

const never = new AbortController().signal;

/** Short, so that a test of silence is over soon. */
const impatient: TimeLimits = { connectMilliseconds: 500, idleMilliseconds: 100, totalMilliseconds: 400 };

function storageAt(server: Server, limits: TimeLimits = timeLimits): RemoteStorage {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const settings = {
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${address.port}`,
    credentials: async () =>
      ({ ok: true, value: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: undefined } }) as const,
  };
  return s3Storage('s3://b/p', 'p/', s3Client('b', settings, transport(limits)));
}

/** A server that does what a real one cannot be asked to do. */
async function serving<T>(
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  act: (storage: (limits?: TimeLimits) => RemoteStorage, count: () => number) => Promise<T>,
): Promise<T> {
  let count = 0;
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    count += 1;
    answer(request, response, count);
  };
  const server = createServer(handle);
  server.on('checkContinue', handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await act(
      (limits) => storageAt(server, limits),
      () => count,
    );
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const errorXml = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;

const contentOf = (bytes: Buffer): NewContent => ({
  size: bytes.length,
  digest: digestOf(bytes),
  open: async () => [bytes],
});

async function readAll(storage: RemoteStorage): Promise<Buffer> {
  const file = await storage.read('x', never);
  if (!file.ok || file.value === undefined) throw new Error('nothing to read');
  const pieces: Uint8Array[] = [];
  for await (const piece of file.value.bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('a failing server', () => {
  test('is retried while it is busy, three times at most', async () => {
    await serving(
      (_, response, count) =>
        void response.writeHead(count < 3 ? 503 : 200).end(count < 3 ? errorXml('SlowDown') : 'x'),
      async (storage, count) => {
        expect(String(await readAll(storage()))).toBe('x');
        expect(count()).toBe(3);
      },
    );
    await serving(
      (_, response) => void response.writeHead(503).end(errorXml('SlowDown')),
      async (storage, count) => {
        const read = await storage().read('x', never);
        expect(read.ok || read.error).toMatchObject({
          kind: 'failed',
          message: expect.stringContaining('503 SlowDown three times'),
        });
        expect(count()).toBe(3);
      },
    );
  });

  test('is given up when it never answers', async () => {
    await serving(
      () => undefined,
      async (storage) => {
        const listed = await storage(impatient).list('entries/k', never);
        expect(listed.ok || listed.error.kind).toBe('silent');
        const sent = await storage(impatient).create('x', contentOf(Buffer.alloc(200_000)), never);
        expect(sent.ok || sent.error.kind).toBe('silent');
      },
    );
  });

  test('is given up when it sends single bytes from time to time', async () => {
    await serving(
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        const drip = setInterval(() => response.write('x'), 30);
        response.on('close', () => clearInterval(drip));
      },
      async (storage) => {
        await expect(readAll(storage(impatient))).rejects.toMatchObject({ fault: { kind: 'silent' } });
      },
    );
  });

  test('is reported as unreachable when it does not exist', async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const storage = storageAt(server);
    await new Promise((resolve) => server.close(resolve));
    const listed = await storage.list('entries/k', never);
    expect(listed.ok || listed.error).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('is waited for while it assembles a large object', async () => {
    const bytes = Buffer.alloc(64 << 20);
    await serving(
      (request, response) => {
        const { method, url = '' } = request;
        if (method === 'PUT') response.writeContinue();
        request.resume();
        request.on('end', () => {
          if (method === 'PUT') response.writeHead(200, { etag: '"part"' }).end();
          else if (url.includes('uploads')) response.end('<R><UploadId>u</UploadId></R>');
          else setTimeout(() => response.end('<R></R>'), 5 * impatient.idleMilliseconds);
        });
      },
      async (storage) => {
        const patient = { ...impatient, idleMilliseconds: 2 * impatient.idleMilliseconds };
        const sent = await storage(patient).replace('x', contentOf(bytes), never);
        expect(sent).toEqual({ ok: true, value: undefined });
      },
    );
  });

  test('that closes the connection in the middle of an object makes the read fail', async () => {
    await serving(
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
      },
      async (storage) => {
        await expect(readAll(storage())).rejects.toMatchObject({ fault: { kind: 'failed' } });
      },
    );
  });

  test('that closes the connection during an upload is sent the object again from its start', async () => {
    const bytes = Buffer.alloc(300_000, 1);
    let received = '';
    await serving(
      (request, response, count) => {
        response.writeContinue();
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => {
          pieces.push(piece);
          if (count === 1) request.socket.destroy();
        });
        request.on('end', () => {
          received = digestOf(Buffer.concat(pieces));
          response.writeHead(200).end();
        });
      },
      async (storage, count) => {
        expect(await storage().create('x', contentOf(bytes), never)).toEqual({ ok: true, value: 'created' });
        expect([count(), received]).toEqual([2, digestOf(bytes)]);
      },
    );
  });

  test('that already has the object is not sent it', async () => {
    let received = 0;
    await serving(
      (request, response) => {
        request.on('data', (piece: Buffer) => {
          received += piece.length;
        });
        response.writeHead(412).end(errorXml('PreconditionFailed'));
      },
      async (storage) => {
        const sent = await storage().create('x', contentOf(Buffer.alloc(900_000)), never);
        expect(sent).toEqual({ ok: true, value: 'present' });
        expect(received).toBe(0);
      },
    );
  });

  test('without support for If-None-Match is sent the object without it', async () => {
    await serving(
      (request, response) => {
        request.resume();
        const isKnown = request.headers['if-none-match'] === undefined;
        response.writeHead(isKnown ? 200 : 501).end(isKnown ? '' : errorXml('NotImplemented'));
      },
      async (storage) => {
        const sent = await storage().create('x', contentOf(Buffer.from('x')), never);
        expect(sent).toEqual({ ok: true, value: 'created' });
      },
    );
  });

  test('without support for If-None-Match has a large object assembled without it', async () => {
    const bytes = Buffer.alloc(64 << 20);
    const requests: string[] = [];
    await serving(
      (request, response) => {
        const { method = '', url = '', headers } = request;
        const isConditional = headers['if-none-match'] !== undefined;
        if (method !== 'PUT') requests.push(`${method} ${url.split('?')[1] ?? ''} ${isConditional}`);
        if (method === 'PUT') response.writeContinue();
        request.resume();
        request.on('end', () => {
          if (method === 'HEAD') response.writeHead(404).end();
          else if (isConditional) response.writeHead(501).end(errorXml('NotImplemented'));
          else if (method === 'PUT') response.writeHead(200, { etag: '"part"' }).end();
          else response.end(url.includes('uploads') ? '<R><UploadId>u</UploadId></R>' : '<R></R>');
        });
      },
      async (storage) => {
        const sent = await storage().create('x', contentOf(bytes), never);
        expect(sent).toEqual({ ok: true, value: 'created' });
      },
    );
    const complete = (isConditional: boolean): string => `POST uploadId=u ${isConditional}`;
    // The parts are sent once.
    expect(requests).toEqual([
      'HEAD  false',
      'POST uploads= false',
      complete(true),
      'HEAD  false',
      complete(false),
    ]);
  });

  test('with a different clock is distinguished from one that denies access', async () => {
    await serving(
      (_, response) => void response.writeHead(403).end(errorXml('RequestTimeTooSkewed')),
      async (storage) => {
        const listed = await storage().list('entries/k', never);
        expect(listed.ok || listed.error.kind).toBe('clock');
      },
    );
    await serving(
      (_, response) => void response.writeHead(403).end(errorXml('AccessDenied')),
      async (storage) => {
        const listed = await storage().list('entries/k', never);
        expect(listed.ok || listed.error.message).toContain('s3:ListBucket');
        // Who may not list is told 403 of what is missing: no fault.
        expect(await storage().read('x', never)).toEqual({ ok: true, value: undefined });
      },
    );
  });

  test.each([
    ['no XML', 'not xml'],
    ['an element that never ends', `<ListBucketResult><Contents>${'<Key>'.repeat(100_000)}`],
    [
      'a name outside of the folder',
      '<Contents><Key>p/entries/../../x</Key><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>',
    ],
  ])('with a list that is %s gives no names', async (_, xml) => {
    await serving(
      (__, response) => void response.writeHead(200).end(xml),
      async (storage) => {
        expect(await storage().list('entries/k', never)).toEqual({ ok: true, value: [] });
      },
    );
  });
});

test('that never answers costs a run one line per direction, and no exit code', async () => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  using ada = person();
  const signer = parseSigner(ada.signer);
  if (signer === undefined) throw new Error('no signer');
  const rules = { project: 'x', trust: [signer], read: true, signing: undefined, host: 'h' };
  const stages = Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [
      `s${index}`,
      { cmd: `echo ${index} > \${outs.o}`, outs: { o: 'o' } },
    ]),
  );
  using work = clone({}, { 'pipeline.yaml': { name: 'x', stages } });
  const ran = await work.runHere({}, remoteSource(storageAt(server, impatient), rules));
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  expect(ran.exitCode).toBe(0);
  expect(new Set(Object.values(ran.outcomes))).toEqual(new Set(['ran']));
  expect(ran.warnings).toEqual([expect.stringContaining('has not answered')]);
  expect(ran.shared?.readingOff).toContain('has not answered');
});
