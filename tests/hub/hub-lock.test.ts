import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { fetchDependencies, knownDependency } from '../../src/runner/hub/fetch-dependencies.ts';
import { hubDiagnostic } from '../../src/runner/hub/hub-fault.ts';
import { type LockedRepository, readHubLock, writeHubLock } from '../../src/runner/hub/hub-lock.ts';
import type { HubSettings } from '../../src/runner/hub/hub-settings.ts';
import { commit, model, openRig, type Rig, valueOf, weights } from './rig.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'project-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const main = { repository: 'someone/a-model', revision: 'main' };
const later = 'fedcba9876543210fedcba9876543210fedcba98';
const settings = (rig: Rig): HubSettings => ({
  cacheFolder: rig.folder,
  endpoint: rig.hub.endpoint,
  token: undefined,
  offline: false,
  proxy: undefined,
  xet: true,
  leastSpeed: 1000,
  totalTime: 86400,
});
const lockText = (): Promise<string> => readFile(join(root, 'pipeline.lock'), 'utf8');

/** The branch moves on to other weights. */
function moveOn(rig: Rig): void {
  rig.hub.repositories.set('someone/a-model', {
    ...model,
    commit: later,
    files: { ...model.files, 'model.safetensors': Buffer.from('retrained') },
  });
}

test('a branch is recorded with its commit and the digests of its files', async () => {
  await using rig = await openRig();
  valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world));
  expect(JSON.parse(await lockText())).toEqual({
    version: 1,
    hub: [
      {
        ...main,
        commit,
        files: Object.fromEntries(
          ['config.json', 'model.safetensors', 'spiece.model'].map((name) => [
            name,
            { size: model.files[name]?.length, sha256: digestOf(model.files[name] ?? '') },
          ]),
        ),
      },
    ],
  });
});

test('a branch that moves changes nothing here, on this machine or another', async () => {
  await using rig = await openRig();
  const first = valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world));
  moveOn(rig);
  expect(valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world))).toEqual(first);
  await rm(rig.folder, { recursive: true });
  rig.hub.repositories.set('someone/a-model', { ...model, names: [] });
  expect(valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world))).toEqual(first);
});

test('with its entry removed from the lock, a branch is looked up again', async () => {
  await using rig = await openRig();
  valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world));
  moveOn(rig);
  valueOf(await writeHubLock(root, []));
  expect(valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world))[0]?.commit).toBe(later);
});

test('a pinned commit is recorded too, so that a mirror cannot serve other bytes', async () => {
  await using rig = await openRig();
  const pinned = { repository: 'someone/a-model', revision: commit };
  valueOf(await fetchDependencies(root, [pinned], settings(rig), {}, rig.world));
  await rm(rig.folder, { recursive: true });
  rig.hub.repositories.set('someone/a-model', {
    ...model,
    files: { ...model.files, 'config.json': Buffer.from('{}') },
  });
  expect(await fetchDependencies(root, [pinned], settings(rig), {}, rig.world)).toMatchObject({
    ok: false,
    error: { ...pinned, problem: { kind: 'differs-from-lock', files: ['config.json'] } },
  });
});

test('the lock does not depend on the order of fetching, and is written only for news', async () => {
  await using rig = await openRig();
  rig.hub.repositories.set('someone/another', model);
  const another = { repository: 'someone/another', revision: 'main' };
  valueOf(await fetchDependencies(root, [another, main, another], settings(rig), {}, rig.world));
  const text = await lockText();
  expect(text.indexOf('someone/a-model')).toBeLessThan(text.indexOf('someone/another'));
  await writeFile(join(root, 'pipeline.lock'), text.replaceAll('\n', '\r\n'));
  valueOf(await fetchDependencies(root, [main, another], settings(rig), {}, rig.world));
  expect(await lockText()).toContain('\r\n');
});

test('models fetched before a fault are in the lock', async () => {
  await using rig = await openRig();
  const missing = { repository: 'someone/missing', revision: 'main' };
  expect(await fetchDependencies(root, [main, missing], settings(rig), {}, rig.world)).toMatchObject({
    ok: false,
    error: missing,
  });
  expect(await lockText()).toContain('someone/a-model');
});

test('progress names the model', async () => {
  await using rig = await openRig();
  const shown = new Set<string>();
  valueOf(
    await fetchDependencies(
      root,
      [main],
      settings(rig),
      { onProgress: ({ repository }) => shown.add(repository) },
      rig.world,
    ),
  );
  expect(shown).toEqual(new Set(['someone/a-model']));
});

test.each([
  ['no JSON', '<<<<<<< HEAD\n{}', /:1:1: is not JSON/],
  ['another version', '{"version":2}', /expected { "version": 1/],
  [
    'an entry without a commit',
    '{"version":1,"hub":[{"repository":"a/b","revision":"main","commit":"main","files":{}}]}',
    /entry 1 is not/,
  ],
  [
    'a digest that is none',
    `{"version":1,"hub":[{"repository":"a/b","revision":"main","commit":"${commit}","files":{"x":` +
      '{"size":1,"sha256":"0"}}}]}',
    /entry 1 is not/,
  ],
])('a lock with %s is refused, and left unchanged', async (_, text, message) => {
  await using rig = await openRig();
  await writeFile(join(root, 'pipeline.lock'), text);
  const fetched = await fetchDependencies(root, [main], settings(rig), {}, rig.world);
  if (fetched.ok) throw new Error('fetched');
  const at = { file: 'pipeline.yaml', offset: 0, length: 1 };
  expect(hubDiagnostic(fetched.error, at)).toMatchObject({
    severity: 'error',
    code: 'hub-lock-file',
    at,
    message: expect.stringMatching(message),
  });
  expect(await lockText()).toBe(text);
  expect(rig.hub.requests).toEqual([]);
});

test('offline knowledge: cached here, by the lock alone, or none', async () => {
  await using rig = await openRig();
  const known = async () => valueOf(await knownDependency(root, main, settings(rig), rig.world));
  expect(await known()).toEqual({ kind: 'unknown' });
  const [fetched] = valueOf(await fetchDependencies(root, [main], settings(rig), {}, rig.world));
  const asked = rig.hub.requests.length;
  expect(await known()).toEqual({ kind: 'here', repository: fetched });
  await rm(rig.folder, { recursive: true });
  expect(await known()).toMatchObject({ kind: 'locked', repository: { commit } });
  expect(rig.hub.requests.length).toBe(asked);
});

test('a lock is read as it was written', async () => {
  const locked: LockedRepository = {
    ...main,
    commit,
    files: [
      { path: '__proto__', size: 0, digest: digestOf('') },
      { path: 'model.safetensors', size: weights.length, digest: digestOf(weights) },
    ],
  };
  valueOf(await writeHubLock(root, [locked]));
  expect(await readHubLock(root)).toEqual({ ok: true, value: [locked] });
});
