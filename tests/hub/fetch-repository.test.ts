import { chmod, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { commit, model, openRig, problemOf, valueOf, weights } from './rig.ts';

const published = `someone--a-model/${commit}`;

test('the files of a model arrive with their digests, and nothing else', async () => {
  await using rig = await openRig();
  const fetched = valueOf(await rig.fetch());
  expect(fetched).toMatchObject({
    repository: 'someone/a-model',
    revision: commit,
    commit,
    folder: join(rig.folder, published, 'files', 'a-model'),
  });
  expect(fetched.files).toEqual(
    ['config.json', 'spiece.model', 'model.safetensors'].map((path) => ({
      path,
      size: model.files[path]?.length,
      digest: digestOf(model.files[path] ?? ''),
    })),
  );
  expect(await readFile(join(fetched.folder, 'model.safetensors'))).toEqual(weights);
  expect(Object.keys(await rig.cached())).toEqual([
    `${published}/files/a-model/config.json`,
    `${published}/files/a-model/model.safetensors`,
    `${published}/files/a-model/spiece.model`,
    `${published}/record.json`,
  ]);
  expect(await readdir(join(rig.folder, published))).toEqual(['files', 'record.json']);
});

test('the files are read-only, and the folder can be removed all the same', async () => {
  await using rig = await openRig();
  const { folder } = valueOf(await rig.fetch());
  expect((await stat(join(folder, 'config.json'))).mode & 0o777).toBe(0o444);
  await rm(join(rig.folder, 'someone--a-model'), { recursive: true });
});

test('the folder is named like the model: equal content under that name is the same dep', async () => {
  await using rig = await openRig();
  expect(basename(valueOf(await rig.fetch()).folder)).toBe('a-model');
});

test('a second fetch sends no request and reads no file again', async () => {
  await using rig = await openRig();
  const first = valueOf(await rig.fetch());
  const requests = rig.hub.requests.length;
  const read: string[] = [];
  const disk = {
    ...rig.world.disk,
    digest: (path: string) => (read.push(path), rig.world.disk.digest(path)),
  };
  expect(valueOf(await rig.fetch({}, { disk }))).toEqual(first);
  expect(rig.hub.requests.length).toBe(requests);
  expect(read).toEqual([]);
});

test('files too recent for their stamp are read once more, and then known by it', async () => {
  await using rig = await openRig();
  let clock = 0;
  const now = (): number => clock;
  valueOf(await rig.fetch({}, { now }));
  const read: string[] = [];
  const disk = {
    ...rig.world.disk,
    digest: (path: string) => (read.push(path), rig.world.disk.digest(path)),
  };
  clock = Date.now() + 3_600_000;
  valueOf(await rig.fetch({}, { disk, now }));
  expect(read.length).toBe(3);
  valueOf(await rig.fetch({}, { disk, now }));
  expect(read.length).toBe(3);
});

test('a large file is read from the storage that the hub redirects to', async () => {
  await using rig = await openRig();
  valueOf(await rig.fetch());
  expect(rig.hub.requests.filter(({ server }) => server === 'store').length).toBe(2);
});

test('the token is sent only to the hub', async () => {
  await using rig = await openRig();
  valueOf(await rig.fetch({ revision: 'main', token: 'hf_secret' }));
  const authorizations = (server: string) =>
    new Set(
      rig.hub.requests
        .filter((request) => request.server === server)
        .map(({ headers }) => headers['authorization']),
    );
  expect(authorizations('hub')).toEqual(new Set(['Bearer hf_secret']));
  expect(authorizations('store')).toEqual(new Set([undefined]));
});

test('the token of a private hub may have any format', async () => {
  await using rig = await openRig();
  valueOf(await rig.fetch({ token: 'internal-token' }));
  expect(rig.hub.requests[0]?.headers['authorization']).toBe('Bearer internal-token');
});

test('a renamed repository is found under its new name', async () => {
  await using rig = await openRig();
  rig.hub.repositories.delete('someone/a-model');
  rig.hub.repositories.set('somebody/the-model', model);
  rig.hub.tricks.push(
    ({ path }, response) =>
      path.includes('someone/a-model') &&
      (response.writeHead(307, { location: path.replace('someone/a-model', 'somebody/the-model') }).end(),
      true),
  );
  valueOf(await rig.fetch({ revision: 'main', token: 'hf_secret' }));
  expect(
    new Set(
      rig.hub.requests
        .filter(({ server }) => server === 'hub')
        .map(({ headers }) => headers['authorization']),
    ),
  ).toEqual(new Set(['Bearer hf_secret']));
});

test('a branch is resolved to the commit of the hub', async () => {
  await using rig = await openRig();
  expect(valueOf(await rig.fetch({ revision: 'main' }))).toMatchObject({ revision: 'main', commit });
});

test('a repository without an owner is fetched too', async () => {
  await using rig = await openRig();
  rig.hub.repositories.set('bert-base-uncased', model);
  expect(valueOf(await rig.fetch({ repository: 'bert-base-uncased' })).folder).toBe(
    join(rig.folder, 'bert-base-uncased', commit, 'files', 'bert-base-uncased'),
  );
});

test('an empty file is fetched as a file', async () => {
  await using rig = await openRig();
  rig.hub.repositories.set('someone/a-model', {
    ...model,
    files: { ...model.files, 'merges.txt': Buffer.alloc(0) },
  });
  expect(valueOf(await rig.fetch()).files).toContainEqual({
    path: 'merges.txt',
    size: 0,
    digest: digestOf(''),
  });
});

test('offline, a fetched model is used', async () => {
  await using rig = await openRig();
  const online = valueOf(await rig.fetch());
  expect(valueOf(await rig.fetch({ offline: true }))).toEqual(online);
});

test('offline, a missing model is reported without a request', async () => {
  await using rig = await openRig();
  expect(problemOf(await rig.fetch({ offline: true }))).toEqual({
    kind: 'offline-files',
    folder: join(rig.folder, published, 'files', 'a-model'),
    damaged: [],
  });
  expect(problemOf(await rig.fetch({ offline: true, revision: 'main' }))).toEqual({
    kind: 'offline-revision',
  });
  expect(rig.hub.requests).toEqual([]);
});

test('offline, a changed file is reported', async () => {
  await using rig = await openRig();
  const { folder } = valueOf(await rig.fetch());
  await change(join(folder, 'config.json'), '{"model_type":"mt6"}');
  expect(problemOf(await rig.fetch({ offline: true }))).toMatchObject({
    kind: 'offline-files',
    damaged: ['config.json'],
  });
});

test.each([
  ['changed', (folder: string) => change(join(folder, 'config.json'), '{"model_type":"mt6"}')],
  ['cut', (folder: string) => change(join(folder, 'config.json'), '{')],
  ['gone', (folder: string) => rm(join(folder, 'config.json'))],
  [
    'changed and dated back',
    async (folder: string) => {
      const path = join(folder, 'config.json');
      const { atime, mtime } = await stat(path);
      await change(path, '{"model_type":"mt6"}');
      await utimes(path, atime, mtime);
    },
  ],
])('a file that was %s is fetched again, the others are kept', async (_, harm) => {
  await using rig = await openRig();
  const first = valueOf(await rig.fetch());
  await harm(first.folder);
  const before = rig.hub.requests.length;
  expect(valueOf(await rig.fetch())).toEqual(first);
  expect(await readFile(join(first.folder, 'config.json'), 'utf8')).toBe('{"model_type":"mt5"}');
  expect(
    rig.hub.requests
      .slice(before)
      .filter(({ path }) => path.includes('/resolve/'))
      .map(({ path }) => path),
  ).toEqual([`/someone/a-model/resolve/${commit}/config.json`]);
});

test('a folder without its files is filled again', async () => {
  await using rig = await openRig();
  const first = valueOf(await rig.fetch());
  await rm(first.folder, { recursive: true });
  expect(valueOf(await rig.fetch())).toEqual(first);
});

test('a file that was added to the model is removed', async () => {
  await using rig = await openRig();
  const { folder } = valueOf(await rig.fetch());
  await writeFile(join(folder, 'pytorch_model.bin'), 'other weights');
  valueOf(await rig.fetch());
  expect(Object.keys(await rig.cached())).not.toContain(`${published}/files/a-model/pytorch_model.bin`);
});

test("a repair removes other files of the model's folder, and files in place of folders", async () => {
  await using rig = await openRig();
  const { folder } = valueOf(await rig.fetch());
  const whole = await rig.cached();
  const top = join(rig.folder, published);
  await mkdir(join(top, 'files/another-model'));
  for (const stray of ['files/another-model/config.json', 'files/stray', 'stray'])
    await writeFile(join(top, stray), 'x');
  await rm(join(folder, 'config.json'), { force: true });
  await mkdir(join(folder, 'config.json'));
  valueOf(await rig.fetch());
  expect(Object.keys(await rig.cached())).toEqual(Object.keys(whole));
  await rm(folder, { recursive: true });
  await writeFile(folder, 'no folder');
  valueOf(await rig.fetch());
  expect(Object.keys(await rig.cached())).toEqual(Object.keys(whole));
});

test('a record that cannot be read now is reported, and no progress is lost', async () => {
  await using rig = await openRig();
  const first = valueOf(await rig.fetch());
  const record = join(rig.folder, published, 'record.json');
  const text = await readFile(record);
  await rm(record);
  await symlink('record.json', record); // opening it fails, for every user
  for (const offline of [false, true])
    expect(problemOf(await rig.fetch({ offline }))).toMatchObject({
      kind: 'disk',
      problem: { path: record, code: 'ELOOP' },
    });
  await rm(record);
  await writeFile(record, text);
  expect(valueOf(await rig.fetch({ offline: true }))).toEqual(first);
});

test('an invalid record costs another listing of the hub, not another download', async () => {
  await using rig = await openRig();
  const first = valueOf(await rig.fetch());
  await writeFile(
    join(rig.folder, published, 'record.json'),
    '{"version":1,"files":[{"path":"../../../etc/passwd","size":1,"sha256":"00"}]}',
  );
  const before = rig.hub.requests.length;
  expect(valueOf(await rig.fetch())).toEqual(first);
  expect(rig.hub.requests.slice(before).filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
});

test('progress ends with everything there', async () => {
  await using rig = await openRig();
  valueOf(await rig.fetch());
  const total = weights.length + 20 + 6;
  expect(rig.progress.at(-2)).toMatchObject({
    kind: 'download',
    file: 'model.safetensors',
    bytes: total,
    total,
    secondsLeft: undefined,
  });
  expect(rig.progress.at(-1)).toEqual({ kind: 'fetched', bytes: total });
});

test.each(['../x', 'a/b/c', 'a b/c', '/a', 'a--b/c', '', 'a/\0', `${'a'.repeat(97)}/b`])(
  '%j is not a repository name, and no request is sent',
  async (repository) => {
    await using rig = await openRig();
    expect(problemOf(await rig.fetch({ repository }))).toMatchObject({ kind: 'bad-name' });
    expect(rig.hub.requests).toEqual([]);
  },
);

test.each(['', 'a..b', '../..', 'a b', '/main', 'x\ny'])(
  '%j is not a revision, and no request is sent',
  async (revision) => {
    await using rig = await openRig();
    expect(problemOf(await rig.fetch({ revision }))).toMatchObject({ kind: 'bad-name' });
    expect(rig.hub.requests).toEqual([]);
  },
);

async function change(path: string, content: string): Promise<void> {
  await chmod(path, 0o644);
  await writeFile(path, content);
}
