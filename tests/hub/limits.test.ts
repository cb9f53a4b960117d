import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { hubFaultText } from '../../src/runner/hub/hub-fault.ts';
import { sha256 } from './loopback-hub.ts';
import { commit, openRig, problemOf, type Rig, valueOf, weights } from './rig.ts';

const textOf = (fetched: Awaited<ReturnType<Rig['fetch']>>): string =>
  fetched.ok ? '' : hubFaultText(fetched.error);

/** A clock on which a moment passes at every look. */
function ticking(milliseconds: number): () => number {
  let clock = Date.now() + 3_600_000;
  return () => (clock += milliseconds);
}

/** The hub answers requests for what `part` names with these headers, and nothing else. */
function answer(rig: Rig, part: string, status: number, headers: Readonly<Record<string, string>>): void {
  rig.hub.tricks.push(({ path }, response) => {
    if (!path.includes(part)) return false;
    response.writeHead(status, headers).end('[]');
    return true;
  });
}

describe('a fetch is given up', () => {
  test('where a server is slower than the minimum speed at every attempt', async () => {
    await using rig = await openRig();
    const fetched = await rig.fetch({ leastSpeed: 1_000_000 }, { now: ticking(61_000) });
    expect(problemOf(fetched)).toMatchObject({ kind: 'too-slow', leastSpeed: 1_000_000 });
    expect(textOf(fetched)).toContain('PIPELINE_HUB_LEAST_SPEED');
    expect(rig.waits).toEqual([1, 2, 4, 8, 16]);
  });

  test('never for its speed where no minimum is set', async () => {
    await using rig = await openRig();
    valueOf(await rig.fetch({ leastSpeed: 0 }, { now: ticking(61_000) }));
  });

  test('when the total time is up: during a transfer, and between two attempts', async () => {
    await using rig = await openRig();
    const arriving = await rig.fetch({ totalTime: 1, leastSpeed: 0 }, { now: ticking(600) });
    expect(problemOf(arriving)).toEqual({ kind: 'out-of-time', because: undefined });
    expect(textOf(arriving)).toContain('PIPELINE_HUB_TOTAL_TIME');
    answer(rig, '/tree/', 503, {});
    const failing = await rig.fetch({ totalTime: 2 });
    expect(problemOf(failing)).toMatchObject({
      kind: 'out-of-time',
      because: { kind: 'refused', status: 503 },
    });
    valueOf(await openFetch(rig));
  });
});

/** With the tricks gone: what had arrived is gone on with. */
async function openFetch(rig: Rig): ReturnType<Rig['fetch']> {
  rig.hub.tricks.splice(0);
  return rig.fetch({ totalTime: 0 });
}

describe('permanent failures are not retried', () => {
  test.each([
    ['file:///etc/passwd', /redirects to an address that is not http or https/],
    ['ftp://127.0.0.1/x', /redirects to an address that is not http or https/],
    ['http://[::1', /redirects to an address that is not a URL/],
    ['http://127.0.0.1:22/x', /redirects to a port that no web server has/],
  ])('a redirect to %s', async (location, words) => {
    await using rig = await openRig();
    answer(rig, `/resolve/${commit}/config.json`, 302, { location });
    const fetched = await rig.fetch();
    expect(problemOf(fetched).kind).toBe('bad-answer');
    expect(textOf(fetched)).toMatch(words);
    expect(rig.waits).toEqual([]);
    expect(rig.hub.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(1);
  });

  test('redirects in a cycle', async () => {
    await using rig = await openRig();
    rig.hub.tricks.push(({ path }, response) => {
      if (!path.includes('/resolve/')) return false;
      response.writeHead(302, { location: path }).end();
      return true;
    });
    expect(textOf(await rig.fetch())).toMatch(/redirects in a cycle/);
    expect(rig.waits).toEqual([]);
  });

  test('a file with another hash than the hub lists', async () => {
    await using rig = await openRig();
    rig.hub.tricks.push(({ path }, response) => {
      if (path !== `/${sha256(weights)}`) return false;
      response.end(Buffer.alloc(weights.length));
      return true;
    });
    expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'wrong-hash' });
    expect(rig.waits).toEqual([]);
    expect(rig.hub.requests.filter(({ path }) => path === `/${sha256(weights)}`)).toHaveLength(1);
  });

  test.each([
    ['a Content-Length that is no number', 'Content-Length: many'],
    ['a header with a control character', 'Link: <x\u0001>'],
    ['a name of a header with a blank', 'Bad Header: 1'],
  ])('%s', async (_, line) => {
    await using rig = await openRig();
    await using server = await rawServer(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n[]`);
    const fetched = await rig.fetch({ endpoint: server.endpoint });
    expect(textOf(fetched)).toMatch(/unexpected answer from the hub: .*(Content-Length|header)/);
    expect(rig.waits).toEqual([]);
  });
});

describe('a list of files whose header Link', () => {
  test.each([
    ['is no link', 'next page'],
    ['lacks the blank that the hub writes', '<http://127.0.0.1/x>;rel="next"'],
    ['names a path', '</api/models/someone/a-model/tree/x?cursor=2>; rel="next"'],
    ['is not ASCII', '<http://127.0.0.1/\u00e9>; rel="next"'],
  ])('%s is reported, and its first page does not count as all', async (_, link) => {
    await using rig = await openRig();
    answer(rig, '/tree/', 200, { link });
    const fetched = await rig.fetch();
    expect(textOf(fetched)).toMatch(/its Link header cannot be parsed: "/);
    expect(rig.waits).toEqual([]);
  });

  test('leads to itself', async () => {
    await using rig = await openRig();
    rig.hub.tricks.push(({ path }, response) => {
      if (!path.includes('/tree/')) return false;
      response.writeHead(200, { link: `<${rig.hub.endpoint}${path}>; rel="next"` }).end('[]');
      return true;
    });
    expect(textOf(await rig.fetch())).toMatch(/points to a page that was already read/);
    expect(rig.hub.requests).toHaveLength(1);
  });

  test('points to another server: no request is sent there', async () => {
    await using rig = await openRig();
    answer(rig, '/tree/', 200, { link: '<http://elsewhere.example/x>; rel="next"' });
    expect(textOf(await rig.fetch())).toMatch(/points to another server: "http:\/\/elsewhere/);
  });
});

test('an invalid range is reported with the header that the server sent', async () => {
  await using rig = await openRig();
  answer(rig, `/resolve/${commit}/config.json`, 206, { 'content-range': 'bytes a-b/c' });
  expect(textOf(await rig.fetch())).toMatch(/its Content-Range is "bytes a-b\/c"/);
  expect(rig.waits).toEqual([]);
});

/** A server that answers every request with the same bytes. */
async function rawServer(bytes: string): Promise<AsyncDisposable & { readonly endpoint: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(bytes, 'latin1'));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}
