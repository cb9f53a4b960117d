import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { hubFaultText } from '../../src/runner/hub/hub-fault.ts';
import type { HubDisk } from '../../src/runner/hub/hub-world.ts';
import { gitOid, sha256 } from './loopback-hub.ts';
import { commit, model, openRig, problemOf, type Rig, valueOf, weights } from './rig.ts';

const weightsPath = `/${sha256(weights)}`;
const unfinished = `someone--a-model/${commit}.unfinished`;

/** Sends these bytes in the place of the weights. */
function send(rig: Rig, bytes: Uint8Array, times = Infinity): void {
  let left = times;
  rig.hub.tricks.push(({ path }, response) => path === weightsPath && left-- > 0 && sent(response, bytes));
}

const sent = (response: ServerResponse, body: Uint8Array | string): true => (response.end(body), true);

/** Sends the same again and again, until the other side has gone. */
function sendForEver(response: ServerResponse, piece: Uint8Array): true {
  const source = Readable.from(
    (function* endless() {
      for (;;) yield piece;
    })(),
  );
  response.once('close', () => source.destroy());
  source.pipe(response);
  return true;
}

/** Lists these entries in the place of the tree. */
function list(rig: Rig, entries: unknown): void {
  rig.hub.tricks.push(
    ({ path }, response) => path.includes('/tree/') && sent(response, JSON.stringify(entries)),
  );
}

test('a large file with a wrong hash is discarded, the others are kept', async () => {
  await using rig = await openRig();
  const wrong = Buffer.from(weights);
  wrong[123_456] = (wrong[123_456] ?? 0) ^ 1;
  send(rig, wrong, 1);
  const fetched = await rig.fetch();
  expect(problemOf(fetched)).toEqual({
    kind: 'wrong-hash',
    file: 'model.safetensors',
    expected: sha256(weights),
    found: sha256(wrong),
  });
  expect(Object.keys(await rig.cached())).toEqual([
    `${unfinished}/files/a-model/config.json`,
    `${unfinished}/files/a-model/spiece.model`,
  ]);
  valueOf(await rig.fetch());
});

test('a small file is checked too, by its git blob id', async () => {
  await using rig = await openRig();
  rig.hub.tricks.push(
    ({ path }, response) => path.endsWith('/config.json') && sent(response, '{"model_type":"mt0"}'),
  );
  expect(problemOf(await rig.fetch())).toEqual({
    kind: 'wrong-hash',
    file: 'config.json',
    expected: gitOid(Buffer.from('{"model_type":"mt5"}')),
    found: gitOid(Buffer.from('{"model_type":"mt0"}')),
  });
});

test.each([
  ['longer', Buffer.concat([weights, Buffer.from('x')])],
  ['shorter', weights.subarray(0, -1)],
  ['empty', Buffer.alloc(0)],
])('a file that is %s than listed is discarded', async (_, bytes) => {
  await using rig = await openRig();
  send(rig, bytes);
  expect(problemOf(await rig.fetch())).toMatchObject({
    kind: 'wrong-size',
    file: 'model.safetensors',
    expected: weights.length,
  });
  expect(Object.keys(await rig.cached()).filter((path) => path.includes('safetensors'))).toEqual([]);
});

test('a file whose end the server rejects is reported as shorter than listed', async () => {
  await using rig = await openRig();
  send(rig, weights.subarray(0, 1000), 1);
  rig.hub.tricks.push(
    ({ path, headers }, response) =>
      path === weightsPath && headers['range'] === 'bytes=1000-' && (response.writeHead(416).end(), true),
  );
  expect(problemOf(await rig.fetch())).toEqual({
    kind: 'wrong-size',
    file: 'model.safetensors',
    expected: weights.length,
    found: 1000,
  });
});

test('an endless file is not read beyond its size', async () => {
  await using rig = await openRig();
  rig.hub.tricks.push(({ path }, response) => path === weightsPath && sendForEver(response, weights));
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'wrong-size' });
});

const full = Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' });

test('a full disk: missing space is reported, received bytes are kept, the rest is fetched later', async () => {
  await using rig = await openRig();
  const disk: HubDisk = {
    ...rig.world.disk,
    append: (path, length, pieces) =>
      rig.world.disk.append(
        path,
        length,
        path.endsWith('model.safetensors') ? until(70_000, pieces) : pieces,
      ),
  };
  const fetched = await rig.fetch({}, { disk });
  expect(problemOf(fetched)).toMatchObject({
    kind: 'disk',
    problem: { message: 'no space left on the device' },
    missing: weights.length - 70_000,
  });
  expect(fetched.ok ? '' : hubFaultText(fetched.error)).toMatch(/225 KiB are missing: free some space/);
  expect(Object.keys(await rig.cached())).toEqual([
    `${unfinished}/files/a-model/config.json`,
    `${unfinished}/files/a-model/spiece.model`,
    `${unfinished}/partial/model.safetensors`,
  ]);
  valueOf(await rig.fetch());
  expect(
    rig.hub.requests.filter(({ path }) => path === weightsPath).map(({ headers }) => headers['range']),
  ).toEqual([undefined, 'bytes=70000-']);
});

/** The disk takes so many bytes and no more. */
async function* until(room: number, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let left = room;
  for await (const piece of pieces) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw full;
  }
}

test.each(['sync', 'rename', 'create'] as const)(
  'when %s fails at any time no incomplete file has its final name, and the next fetch succeeds',
  async (operation) => {
    await using rig = await openRig();
    for (let nth = 1; ; nth++) {
      let calls = 0;
      const failing = (call: () => Promise<void>): Promise<void> =>
        ++calls === nth ? Promise.reject(full) : call();
      const real = rig.world.disk;
      const disk: HubDisk = {
        ...real,
        ...(operation === 'sync' ? { sync: (path: string) => failing(() => real.sync(path)) } : {}),
        ...(operation === 'rename'
          ? { rename: (from: string, to: string) => failing(() => real.rename(from, to)) }
          : {}),
        ...(operation === 'create'
          ? { create: (path, content) => failing(() => real.create(path, content)) }
          : {}),
      };
      const fetched = await rig.fetch({}, { disk });
      if (fetched.ok) {
        expect(nth).toBeGreaterThan(1);
        return;
      }
      expect(problemOf(fetched)).toMatchObject({ kind: 'disk' });
      // The very last call brings a name to the disk that stands already: then all of it is there.
      const names = Object.keys(await rig.cached()).filter((path) =>
        path.startsWith(`someone--a-model/${commit}/`),
      );
      expect([0, 4]).toContain(names.length);
    }
  },
);

test.each([
  '../evil',
  '/etc/passwd',
  'a/../../evil',
  'model.safetensors\0.txt',
  '.',
  'a//b',
  '..\\evil',
  'model\x1b[2J.safetensors',
])('a hub that lists %j is refused', async (path) => {
  await using rig = await openRig();
  list(rig, [
    { type: 'file', path, size: 1, oid: gitOid(Buffer.from('x')) },
    ...['config.json', 'model.safetensors'].map((name) => ({
      type: 'file',
      path: name,
      size: 1,
      oid: gitOid(Buffer.from('x')),
    })),
  ]);
  expect(problemOf(await rig.fetch())).toEqual({ kind: 'hostile-name', name: path });
  expect(await rig.cached()).toEqual({});
});

test.each([
  ['no list', { error: 'x' }],
  ['null', null],
  ['a list of numbers', [1, 2]],
  ['a file without a size', [{ type: 'file', path: 'config.json', oid: commit }]],
  ['a size below nothing', [{ type: 'file', path: 'config.json', size: -1, oid: commit }]],
  ['a file without a hash', [{ type: 'file', path: 'config.json', size: 1 }]],
  [
    'a hash that is none',
    [{ type: 'file', path: 'config.json', size: 1, oid: commit, lfs: { oid: '../x', size: 1 } }],
  ],
  [
    'two sizes',
    [{ type: 'file', path: 'config.json', size: 1, oid: commit, lfs: { oid: sha256(weights), size: 2 } }],
  ],
])('a listing that is %s is invalid', async (_, entries) => {
  await using rig = await openRig();
  list(rig, entries);
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'bad-answer' });
});

test('an HTML page in place of the API is invalid', async () => {
  await using rig = await openRig();
  rig.hub.tricks.push((_, response) => sent(response, '<html>please log in</html>'));
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'bad-answer' });
  expect(problemOf(await rig.fetch({ revision: 'main' }))).toMatchObject({ kind: 'bad-answer' });
});

test('an invalid commit is refused', async () => {
  await using rig = await openRig();
  rig.hub.tricks.push(
    ({ path }, response) =>
      path.includes('/revision/') && sent(response, '{"_id":"1","id":"x","sha":"../../etc"}'),
  );
  expect(problemOf(await rig.fetch({ revision: 'main' }))).toMatchObject({
    kind: 'bad-answer',
    message: 'it names no commit',
  });
});

test('an endless list of pages is not followed', async () => {
  await using rig = await openRig();
  rig.hub.tricks.push(
    ({ path }, response) =>
      path.includes('/tree/') &&
      (response.setHeader('link', `<${rig.hub.endpoint}${path}>; rel="next"`), sent(response, '[]')),
  );
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'bad-answer' });
});

test('a list that continues at another host is not followed', async () => {
  await using rig = await openRig();
  await using other = await openRig();
  rig.hub.tricks.push(
    ({ path }, response) =>
      path.includes('/tree/') &&
      (response.setHeader('link', `<${other.hub.endpoint}/x>; rel="next"`), sent(response, '[]')),
  );
  expect(problemOf(await rig.fetch({ token: 'hf_secret' }))).toMatchObject({ kind: 'bad-answer' });
  expect(other.hub.requests).toEqual([]);
});

test('an endless answer of the API is not read into memory', async () => {
  await using rig = await openRig();
  rig.hub.tricks.push(
    ({ path }, response) => path.includes('/tree/') && sendForEver(response, Buffer.alloc(1 << 20, ' ')),
  );
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'bad-answer' });
});

test('a repository without a model is reported with its files', async () => {
  await using rig = await openRig();
  rig.hub.repositories.set('someone/a-model', {
    ...model,
    files: { 'README.md': Buffer.from('x'), 'tf_model.h5': Buffer.from('x') },
  });
  expect(problemOf(await rig.fetch())).toEqual({
    kind: 'no-model',
    missing: 'config.json',
    found: ['README.md', 'tf_model.h5'],
  });
});

test('a models folder that cannot be written to is named', async () => {
  await using rig = await openRig();
  const fetched = await rig.fetch({ cacheFolder: '/dev/null/hub' });
  expect(problemOf(fetched)).toMatchObject({ kind: 'disk' });
  expect(fetched.ok ? '' : hubFaultText(fetched.error)).toMatch(/HF_HOME/);
});
