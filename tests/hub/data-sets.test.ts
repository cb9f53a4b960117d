import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fetchDependencies, knownDependency } from '../../src/runner/hub/fetch-dependencies.ts';
import { hubFaultText } from '../../src/runner/hub/hub-fault.ts';
import type { HubSettings } from '../../src/runner/hub/hub-settings.ts';
import { parseHubName } from '../../src/runner/wording/hub-name.ts';
import type { Repository } from './loopback-hub.ts';
import { commit, openRig, problemOf, type Rig, valueOf } from './rig.ts';

const repository = 'datasets/someone/questions';
const later = 'fedcba9876543210fedcba9876543210fedcba98';
const dataSet: Repository = {
  commit,
  names: ['main'],
  files: {
    '.gitattributes': Buffer.from('*.parquet filter=lfs'),
    'README.md': Buffer.from('# questions'),
    'data/train-00000-of-00002.parquet': Buffer.from('PAR1 one'),
    'data/train-00001-of-00002.parquet': Buffer.from('PAR1 two'),
    'en/more rows/test #1.jsonl': Buffer.from('{"question": "q", "answer": "a"}\n'),
  },
  large: ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'],
};

async function openDataRig(): Promise<Rig> {
  const rig = await openRig();
  rig.hub.repositories.set(repository, dataSet);
  return rig;
}

const namesOf = ({ files }: { readonly files: readonly { readonly path: string }[] }): readonly string[] =>
  files.map(({ path }) => path).sort();

test('a data set is fetched with its folders, without page and git files, and later read offline', async () => {
  await using rig = await openDataRig();
  const fetched = valueOf(await rig.fetch({ repository }));
  expect(namesOf(fetched)).toEqual(Object.keys(dataSet.files).filter((name) => name.includes('/')));
  expect(basename(fetched.folder)).toBe('questions');
  for (const name of namesOf(fetched))
    expect(await readFile(join(fetched.folder, name))).toEqual(dataSet.files[name]);
  expect(fetched.folder).toContain(`/datasets--someone--questions/${commit}/`);
  const asked = rig.hub.requests.length;
  expect(valueOf(await rig.fetch({ repository, offline: true }))).toEqual(fetched);
  expect(rig.hub.requests.length).toBe(asked);
});

test('a file that was changed, or put between the others, is repaired', async () => {
  await using rig = await openDataRig();
  const fetched = valueOf(await rig.fetch({ repository }));
  const file = join(fetched.folder, 'data/train-00001-of-00002.parquet');
  await chmod(file, 0o644);
  await writeFile(file, 'PAR1 xxx');
  await writeFile(join(fetched.folder, 'data/extra.csv'), 'a,b');
  expect(problemOf(await rig.fetch({ repository, offline: true }))).toMatchObject({
    kind: 'offline-files',
    damaged: ['data/train-00001-of-00002.parquet', 'data/extra.csv'],
  });
  const again = valueOf(await rig.fetch({ repository }));
  expect(namesOf(again)).toEqual(namesOf(fetched));
  expect(await readFile(file, 'utf8')).toBe('PAR1 two');
  expect(valueOf(await rig.fetch({ repository, offline: true }))).toEqual(again);
});

test('a part is a folder or a file, and nothing else is fetched for it', async () => {
  await using rig = await openDataRig();
  const folder = valueOf(await rig.fetch({ repository, path: 'data' }));
  expect(namesOf(folder)).toEqual(['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet']);
  expect(folder.folder.endsWith('/files/questions/data')).toBe(true);
  const path = 'en/more rows/test #1.jsonl';
  const file = valueOf(await rig.fetch({ repository, path }));
  expect(namesOf(file)).toEqual([path]);
  expect(await readFile(file.folder)).toEqual(dataSet.files[path]);
  expect(rig.hub.requests.filter(({ path: asked }) => asked.includes('README'))).toEqual([]);
});

test('a part that is not there is refused with what there is', async () => {
  await using rig = await openDataRig();
  for (const path of ['dat', 'data/train', '.gitattributes'])
    expect(problemOf(await rig.fetch({ repository, path }))).toMatchObject({
      kind: 'no-data',
      path,
      found: expect.arrayContaining(['README.md']),
    });
});

test('a gated data set: what to accept, and where; a private one is read with the token', async () => {
  await using rig = await openDataRig();
  rig.hub.tricks.push(({ server, headers }, response) => {
    if (server === 'store' || headers['authorization'] === 'Bearer hf_mine') return false;
    response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end();
    return true;
  });
  const refused = await rig.fetch({ repository });
  expect(refused.ok ? '' : hubFaultText(refused.error)).toBe(
    `hf:${repository}@${commit}: this repository is gated (403): accept its conditions at ` +
      `${rig.hub.endpoint}/${repository}, and set HF_TOKEN to a token of that account`,
  );
  expect((await rig.fetch({ repository, token: 'hf_mine' })).ok).toBe(true);
});

test.each([
  ['hf:datasets/a/b@main', { repository: 'datasets/a/b', revision: 'main' }],
  ['hf:datasets/a/b@main/data', { repository: 'datasets/a/b', revision: 'main', path: 'data' }],
  [
    'hf:datasets/a/b@refs/convert/parquet/x/train/0000.parquet',
    { repository: 'datasets/a/b', revision: 'refs/convert/parquet', path: 'x/train/0000.parquet' },
  ],
  ['hf:datasets/squad@v1/a b.csv', { repository: 'datasets/squad', revision: 'v1', path: 'a b.csv' }],
  // Models have branches with slashes, and no paths.
  ['hf:a/b@feature/x', { repository: 'a/b', revision: 'feature/x' }],
  ['hf:datasets/a/b', undefined],
  ['hf:datasets/a/b@main/../x', undefined],
  ['hf:datasets/a/b@main//x', undefined],
  ['hf:datasets/a/b@main/a\\b', undefined],
  ['hf:datasets/a/../b@main', undefined],
])('%s', (text, name) => {
  expect(parseHubName(text)).toEqual(name);
});

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'project-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('parts of one revision are of one commit, whenever they are fetched', async () => {
  await using rig = await openDataRig();
  const settings: HubSettings = {
    cacheFolder: rig.folder,
    endpoint: rig.hub.endpoint,
    token: undefined,
    offline: false,
    proxy: undefined,
    xet: true,
    leastSpeed: 1000,
    totalTime: 86400,
  };
  const part = (path: string) => ({ repository, revision: 'main', path });
  valueOf(await fetchDependencies(root, [part('data')], settings, {}, rig.world));
  rig.hub.repositories.set(repository, { ...dataSet, commit: later });
  // The hub still has the older commit.
  rig.hub.tricks.push((request, response) => {
    if (!request.path.includes(commit)) return false;
    rig.hub.repositories.set(repository, dataSet);
    return response.headersSent;
  });
  const [readme] = valueOf(await fetchDependencies(root, [part('README.md')], settings, {}, rig.world));
  expect(readme?.commit).toBe(commit);
  const lock: unknown = JSON.parse(await readFile(join(root, 'pipeline.lock'), 'utf8'));
  expect(lock).toMatchObject({
    hub: [
      { repository, revision: 'main', path: 'README.md', commit, files: { 'README.md': { size: 11 } } },
      { repository, revision: 'main', path: 'data', commit },
    ],
  });
  expect(valueOf(await knownDependency(root, part('data'), settings, rig.world))).toMatchObject({
    kind: 'here',
    repository: { path: 'data', commit },
  });
});
