import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, type Send } from '../../src/runner/hub/send.ts';
import { sendRange, sha256 } from './loopback-hub.ts';
import { commit, model, openRig, problemOf, type Rig, valueOf, weights } from './rig.ts';

const weightsPath = `/${sha256(weights)}`;
const ranges = (rig: Rig): readonly (string | undefined)[] =>
  rig.hub.requests.filter(({ path }) => path === weightsPath).map(({ headers }) => headers['range']);

/** The connection breaks when so many bytes of the weights are on the disk; the first `times` times. */
function cutAt(rig: Rig, bytes: number, times: number): void {
  let left = times;
  rig.hub.tricks.push(async ({ path, headers }, response) => {
    if (path !== weightsPath || left-- <= 0) return false;
    const start = Number(/\d+/.exec(headers['range'] ?? '')?.[0] ?? 0);
    const written = rig.written(Math.min(bytes, weights.length - start));
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': weights.length - start,
      ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${weights.length - 1}/${weights.length}` }),
    });
    response.write(weights.subarray(start, start + bytes));
    await written;
    response.destroy();
    return true;
  });
}

async function leaveBeginning(rig: Rig, bytes: Uint8Array): Promise<void> {
  const folder = join(rig.folder, `someone--a-model/${commit}.unfinished/partial`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.safetensors'), bytes);
}

test('a broken connection is resumed where it stopped', async () => {
  await using rig = await openRig();
  cutAt(rig, 100_000, 2);
  const fetched = valueOf(await rig.fetch());
  expect(ranges(rig)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  expect(fetched.files.find(({ path }) => path === 'model.safetensors')?.digest).toBe(sha256(weights));
  expect(rig.progress).toContainEqual({
    kind: 'retry',
    seconds: 1,
    because: expect.objectContaining({ kind: 'unreachable' }),
  });
});

test.each([
  ['before it answers', 0],
  ['in the middle of a file', 100_000],
])('a server that falls silent %s is asked again', async (_, bytes) => {
  await using rig = await openRig();
  // Only the request that meets the silence is impatient: any other may take as long as a busy machine needs.
  const [patient, impatient] = [valueOf(await connect(undefined)), valueOf(await connect(undefined, 200))];
  let asked = 0;
  const send: Send = (url, request) => {
    if (!url.endsWith('model.safetensors')) return patient(url, request);
    asked += 1;
    return (asked === 1 ? impatient : patient)(url, request);
  };
  rig.hub.tricks.push(({ path }, response) => {
    if (path !== weightsPath || asked > 1) return false;
    if (bytes > 0)
      response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, bytes));
    return true;
  });
  valueOf(await rig.fetch({}, { connect: async () => ({ ok: true, value: send }) }));
  expect(asked).toBe(2);
  expect(rig.progress).toContainEqual({
    kind: 'retry',
    seconds: 1,
    because: expect.objectContaining({
      kind: 'unreachable',
      reason: expect.stringMatching(/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/),
    }),
  });
});

test('a dead connection is given up, and the next run resumes where it stopped', async () => {
  await using rig = await openRig();
  cutAt(rig, 1000, 6);
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'unreachable' });
  expect(rig.waits).toEqual([1, 2, 4, 8, 16]);
  expect(Object.keys(await rig.cached())).toEqual(
    ['files/a-model/config.json', 'files/a-model/spiece.model', 'partial/model.safetensors'].map(
      (path) => `someone--a-model/${commit}.unfinished/${path}`,
    ),
  );
  const before = rig.hub.requests.length;
  valueOf(await rig.fetch());
  expect(
    rig.hub.requests
      .slice(before)
      .filter(({ path }) => path.includes('/resolve/'))
      .map(({ path, headers }) => [path.split('/').at(-1), headers['range']]),
  ).toEqual([['model.safetensors', 'bytes=6000-']]);
});

test('a connection that breaks repeatedly, but transfers much each time, succeeds', async () => {
  await using rig = await openRig();
  const large = Buffer.alloc(12 * 1024 * 1024, 7);
  rig.hub.repositories.set('someone/a-model', {
    ...model,
    files: { ...model.files, 'model.safetensors': large },
  });
  let cuts = 0;
  rig.hub.tricks.push(async ({ server, path, headers }, response) => {
    if (server !== 'store' || path !== `/${sha256(large)}` || cuts === 9) return false;
    cuts += 1;
    const start = Number(/\d+/.exec(headers['range'] ?? '')?.[0] ?? 0);
    const written = rig.written(1024 * 1024);
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': large.length - start,
      'content-range': `bytes ${start}-${large.length - 1}/${large.length}`,
    });
    response.write(large.subarray(start, start + 1024 * 1024 + 1));
    await written;
    response.destroy();
    return true;
  });
  valueOf(await rig.fetch());
  expect(cuts).toBe(9);
});

test('a server without ranges sends the file from its start, and nothing is written twice', async () => {
  await using rig = await openRig();
  await leaveBeginning(rig, weights.subarray(0, 1234));
  rig.hub.tricks.push(({ path }, response) => {
    if (path !== weightsPath) return false;
    sendRange(weights, undefined, response);
    return true;
  });
  expect(valueOf(await rig.fetch()).files).toContainEqual({
    path: 'model.safetensors',
    size: weights.length,
    digest: sha256(weights),
  });
  expect(ranges(rig)).toEqual(['bytes=1234-']);
});

test('a wrong range is discarded', async () => {
  await using rig = await openRig();
  await leaveBeginning(rig, weights.subarray(0, 1234));
  rig.hub.tricks.push(({ path }, response) => {
    if (path !== weightsPath) return false;
    response
      .writeHead(206, { 'content-range': `bytes 1000-${weights.length - 1}/${weights.length}` })
      .end(weights.subarray(1000));
    return true;
  });
  expect(problemOf(await rig.fetch())).toMatchObject({ kind: 'bad-answer' });
});

test('a partial file with wrong bytes, as after a power failure, is fetched again', async () => {
  await using rig = await openRig();
  await leaveBeginning(rig, Buffer.alloc(1234));
  expect(valueOf(await rig.fetch()).files).toContainEqual({
    path: 'model.safetensors',
    size: weights.length,
    digest: sha256(weights),
  });
  expect(ranges(rig)).toEqual(['bytes=1234-', undefined]);
});

test('a partial file longer than the file is discarded', async () => {
  await using rig = await openRig();
  await leaveBeginning(rig, Buffer.concat([weights, Buffer.from('more')]));
  valueOf(await rig.fetch());
});

test('a file that was complete when the process died is checked and not fetched again', async () => {
  await using rig = await openRig();
  await leaveBeginning(rig, weights);
  valueOf(await rig.fetch());
  expect(ranges(rig)).toEqual([]);
});

test('an interruption keeps received bytes', async () => {
  await using rig = await openRig();
  const stop = new AbortController();
  rig.hub.tricks.push(async ({ path }, response) => {
    if (path !== weightsPath || stop.signal.aborted) return false;
    const written = rig.written(50_000);
    response.writeHead(200, { 'content-length': weights.length });
    response.write(weights.subarray(0, 50_000));
    await written;
    stop.abort();
    return true;
  });
  expect(problemOf(await rig.fetch({ signal: stop.signal }))).toEqual({ kind: 'interrupted' });
  valueOf(await rig.fetch());
  expect(ranges(rig)).toEqual([undefined, 'bytes=50000-']);
});

test('interrupted before its start, no request is sent', async () => {
  await using rig = await openRig();
  expect(problemOf(await rig.fetch({ signal: AbortSignal.abort() }))).toEqual({ kind: 'interrupted' });
  expect(rig.hub.requests).toEqual([]);
});
