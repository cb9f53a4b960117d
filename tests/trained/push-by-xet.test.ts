import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { proxiedFetch } from '../../src/network/proxied-fetch.ts';
import { type PushRequest, pushModel } from '../../src/trained/push-model.ts';
import { openLoopbackProxy } from '../hub/loopback-proxy.ts';
import { openPushableHub, type PushableHub } from '../hub/pushable-hub.ts';
import { openRig, valueOf } from '../hub/rig.ts';
import { openXetStore, type XetStore } from '../hub/xet-store.ts';
import { createRig } from '../rig/rig.ts';

afterEach(() => void vi.unstubAllEnvs());

/** Bytes of each kind that is packed in a way of its own: noise, text, and numbers. */
const kinds = {
  noise: randomBytes(300_000),
  text: Buffer.from('weights and biases '.repeat(20_000)),
  numbers: Buffer.from(Float32Array.from({ length: 100_000 }, (_, index) => 1 + index / 1e6).buffer),
};
const weights = Buffer.concat([kinds.noise, kinds.text, kinds.numbers]);

interface Pushing extends AsyncDisposable {
  readonly hub: PushableHub;
  readonly xet: XetStore;
  readonly request: Omit<PushRequest, 'isPublic'>;
  /** How long it was waited, in seconds, each time. */
  readonly waits: readonly number[];
}

/** A hub that offers Xet, and a model to push to it. */
async function openPushing(): Promise<Pushing> {
  const xet = await openXetStore();
  const hub = await openPushableHub({ xet });
  const rig = await createRig();
  const folder = join(rig.root, 'model');
  const file = join(folder, 'model.safetensors');
  await mkdir(folder);
  await writeFile(file, weights);
  const waits: number[] = [];
  return {
    hub,
    xet,
    waits,
    request: {
      access: {
        endpoint: hub.endpoint,
        token: 'hf_secret',
        offline: false,
        xet: true,
        connect: (silence) => proxiedFetch(undefined, silence),
      },
      repository: 'me/medical',
      target: { isNew: true, visibility: 'private' },
      title: 'Add a model',
      files: [
        { path: 'README.md', bytes: 7, content: { text: '# card\n' } },
        { path: 'model.safetensors', bytes: weights.length, content: { file } },
      ],
      async wait(milliseconds) {
        waits.push(milliseconds / 1000);
      },
    },
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await xet[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

const uploads = ({ requests }: XetStore): readonly string[] =>
  requests.filter(({ method }) => method === 'POST').map(({ path }) => path.split('/')[2] ?? '');

test('a large file is uploaded by Xet, and its chunks reproduce its bytes', async () => {
  await using pushing = await openPushing();
  const { hub, xet, request } = pushing;
  const steps: string[] = [];
  const pushed = await pushModel({ ...request, onProgress: ({ step }) => steps.push(step) });
  expect(pushed).toEqual({ ok: true, value: `${hub.endpoint}/me/medical/commit/c` });
  expect(Object.keys(hub.files)).toEqual(['README.md', 'model.safetensors']);
  expect(hub.files['model.safetensors']?.equals(weights)).toBe(true);
  expect(uploads(xet)).toEqual(['xorbs', 'shards']);
  expect(xet.requests.find(({ path }) => path.includes('xorbs'))?.bytes).toBeLessThan(weights.length);
  expect(hub.requests.some(({ path }) => path.startsWith('/store/'))).toBe(false);
  expect([...new Set(steps)]).toEqual(['hashing', 'uploading', 'committing']);
});

test('what the store already has is not sent again', async () => {
  await using pushing = await openPushing();
  const { hub, xet, request } = pushing;
  await pushModel(request);
  const pushed = await pushModel({ ...request, target: { isNew: false, visibility: 'private' } });
  expect(pushed.ok).toBe(true);
  expect(uploads(xet)).toEqual(['xorbs', 'shards', 'shards']);
  expect(hub.files['model.safetensors']?.equals(weights)).toBe(true);
});

test('with HF_HUB_DISABLE_XET the same files are uploaded by Git LFS', async () => {
  await using pushing = await openPushing();
  const { hub, xet, request } = pushing;
  const pushed = await pushModel({ ...request, access: { ...request.access, xet: false } });
  expect([pushed.ok, xet.requests]).toEqual([true, []]);
  expect(hub.files['model.safetensors']?.equals(weights)).toBe(true);
});

test('a model pushed by Xet is fetched like any other', async () => {
  await using pushing = await openPushing();
  await pushModel(pushing.request);
  await using rig = await openRig();
  const files = { ...pushing.hub.files, 'config.json': Buffer.from('{}') };
  rig.hub.repositories.set('me/medical', { commit: 'c'.repeat(40), files, large: ['model.safetensors'] });
  const fetched = valueOf(await rig.fetch({ repository: 'me/medical', revision: 'c'.repeat(40) }));
  const cached = await rig.cached();
  expect(fetched.files.map(({ path, size }) => [path, size])).toContainEqual([
    'model.safetensors',
    weights.length,
  ]);
  const file = Object.entries(cached).find(([path]) => path.endsWith('model.safetensors'));
  expect(Buffer.from(file?.[1] ?? '', 'latin1').equals(weights)).toBe(true);
});

test('hub and store are reached through the proxy', async () => {
  await using pushing = await openPushing();
  const { hub, xet, request } = pushing;
  await using proxy = await openLoopbackProxy(hub.endpoint);
  const through = { http: proxy.url, https: undefined, except: '' };
  const connect = (silence: number) => proxiedFetch(through, silence);
  const pushed = await pushModel({ ...request, access: { ...request.access, connect } });
  expect(pushed.ok).toBe(true);
  expect(new Set(proxy.asked.map(({ target }) => target))).toEqual(
    new Set([hub.endpoint, xet.url].map((url) => new URL(url).host)),
  );
});

test('an upload that breaks once is retried', async () => {
  await using pushing = await openPushing();
  const { hub, xet, request, waits } = pushing;
  const broken = new Set<string>();
  xet.answerFirst = ({ method, url = '' }, response) => {
    if (method !== 'POST' || broken.has(url)) return false;
    broken.add(url);
    if (url.includes('xorbs')) response.destroy();
    else response.writeHead(503).end();
    return true;
  };
  expect((await pushModel(request)).ok).toBe(true);
  expect([broken.size, waits]).toEqual([2, [1, 1]]);
  expect(hub.files['model.safetensors']?.equals(weights)).toBe(true);
});

test('a token that no header can hold is refused, and not shown', async () => {
  await using pushing = await openPushing();
  const { access } = pushing.request;
  const pushed = await pushModel({ ...pushing.request, access: { ...access, token: 'hf_sec\nret' } });
  expect(pushed).toEqual({
    ok: false,
    error: 'HF_TOKEN has a character that tokens cannot have: copy the token again',
  });
  expect(pushing.hub.requests).toEqual([]);
});

const host = ({ xet }: Pushing): string => new URL(xet.url).host;

test.each<readonly [string, (pushing: Pushing) => void | Promise<void>, (pushing: Pushing) => string]>([
  [
    'the store is not there',
    ({ xet }) => xet[Symbol.asyncDispose](),
    (pushing) => `${host(pushing)} cannot be reached (ECONNREFUSED)`,
  ],
  [
    'the hub gives no token for the store',
    ({ hub }) => {
      hub.refusesXetToken = 403;
    },
    ({ hub }) =>
      `${new URL(hub.endpoint).host} answered with status 403 (*** may not write): check that HF_TOKEN ` +
      'may write there',
  ],
  [
    'the store refuses the token',
    ({ xet }) => {
      xet.answerFirst = (request) => {
        request.headers.authorization = 'Bearer another';
        return false;
      };
    },
    (pushing) =>
      `${host(pushing)} answered with status 401 (no such token): check that HF_TOKEN may write there`,
  ],
  [
    'the upload is cut in the middle each time',
    ({ xet }) => {
      xet.answerFirst = ({ url = '', socket }) => {
        if (url.includes('/shards')) socket.destroy();
        return url.includes('/shards');
      };
    },
    (pushing) => `${host(pushing)} cannot be reached (UND_ERR_SOCKET)`,
  ],
])('%s: nothing is committed, and the message names the failure', async (_, breakIt, expected) => {
  await using pushing = await openPushing();
  await breakIt(pushing);
  const pushed = await pushModel(pushing.request);
  expect(pushed).toEqual({
    ok: false,
    error: `${expected(pushing)}; nothing was pushed: me/medical was created and has no files yet`,
  });
  expect(pushing.hub.files).toEqual({});
  expect(pushing.hub.requests.some(({ path }) => path.endsWith('/commit/main'))).toBe(false);
});
