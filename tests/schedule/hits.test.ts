import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchedDisk } from '../rig/disk-twins.ts';
import { inProcess } from '../rig/in-process.ts';
import { createRig, type Rig } from '../rig/rig.ts';

/** A project with one stage that was run: a file, and a folder with all that a folder can hold. */
async function finished(): Promise<Rig> {
  const rig = await createRig();
  const train = rig.puppet();
  rig.write({
    rows: 'a',
    'pipeline.yaml': {
      stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm', d: 'd' } } },
    },
  });
  const run = rig.pipeline('run');
  const started = await train.nextStart();
  await started.order('write', {
    files: {
      'out:d/a b': 'x',
      'out:d/"quoted"\n$(echo)': 'y',
      'out:d/-dash': 'z',
      'out:d/sub/\u00e9': 'composed',
      'out:d/sub/e\u0301': 'decomposed',
      'out:d/zero': '',
      'out:d/run.sh': '#!/bin/sh\n',
    },
  });
  await started.order('folder', { path: 'out:d/empty' });
  await started.order('link', { path: 'out:d/link', target: 'sub/\u00e9' });
  await started.order('mode', { path: 'out:d/run.sh', mode: 0o755 });
  await started.exit(0, { m: 'weights' });
  expect((await run.result).json).toMatchObject({ ran: ['train'] });
  return rig;
}

/** Everything below a folder: what kind, what mode, what content. */
function snapshot(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const what = entry.isSymbolicLink()
          ? `link ${readlinkSync(path)}`
          : entry.isDirectory()
            ? 'folder'
            : `${lstatSync(path).mode & 0o111 ? 'x' : 'f'} ${statSync(path).size}`;
        return [path.slice(folder.length + 1), what];
      })
      .sort(),
  );
}

const out = (rig: Rig, path: string): string => join(rig.root, 'artifacts/pipeline/train', path);

describe('invariants 1 and 4: a changed output is restored exactly, and nothing runs', () => {
  let project: Rig;
  beforeAll(async () => {
    project = await finished();
  });
  afterAll(() => project[Symbol.asyncDispose]());

  test.each<[string, (rig: Rig) => void]>([
    ['deleted', (rig) => rmSync(out(rig, 'm'))],
    ['all of it deleted', (rig) => rmSync(join(rig.root, 'artifacts'), { recursive: true })],
    ['truncated', (rig) => truncateSync(out(rig, 'm'), 3)],
    [
      'edited, its size and time as before',
      (rig) => {
        const { atime, mtime } = statSync(out(rig, 'm'));
        writeFileSync(out(rig, 'm'), 'WEIGHTS');
        utimesSync(out(rig, 'm'), atime, mtime);
      },
    ],
    [
      'replaced by a symbolic link',
      (rig) => {
        rmSync(out(rig, 'm'));
        symlinkSync('d/zero', out(rig, 'm'));
      },
    ],
    [
      'replaced by a folder',
      (rig) => {
        rmSync(out(rig, 'm'));
        mkdirSync(out(rig, 'm'));
      },
    ],
    [
      'a folder replaced by a file',
      (rig) => {
        rmSync(out(rig, 'd'), { recursive: true });
        writeFileSync(out(rig, 'd'), '');
      },
    ],
    ['a file added to a folder', (rig) => writeFileSync(out(rig, 'd/extra'), 'x')],
    ['a file removed from a folder', (rig) => rmSync(out(rig, 'd/zero'))],
    ['a file renamed in a folder, upper case', (rig) => renameSync(out(rig, 'd/zero'), out(rig, 'd/ZERO'))],
    ['an empty folder removed', (rig) => rmSync(out(rig, 'd/empty'), { recursive: true })],
    [
      'a link bent',
      (rig) => {
        rmSync(out(rig, 'd/link'));
        symlinkSync('zero', out(rig, 'd/link'));
      },
    ],
    ['an execute bit lost', (rig) => chmodSync(out(rig, 'd/run.sh'), 0o644)],
    [
      'edited and made read-only',
      (rig) => {
        writeFileSync(out(rig, 'd/zero'), 'no');
        chmodSync(out(rig, 'd/zero'), 0o444);
        chmodSync(out(rig, 'd'), 0o555);
      },
    ],
  ])('%s', async (_, damage) => {
    const before = snapshot(out(project, ''));
    damage(project);
    expect((await project.pipeline('run').result).json).toMatchObject({ ran: [], restored: ['train'] });
    expect(snapshot(out(project, ''))).toEqual(before);
    expect(project.read('artifacts/pipeline/train/m')).toBe('weights');
  });

  test('a restored output is up to date', async () => {
    expect((await project.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
  });

  test('no out shares an inode with the cache', async () => {
    rmSync(join(project.root, 'artifacts'), { recursive: true });
    await project.pipeline('run').result;
    expect(statSync(out(project, 'm')).nlink).toBe(1);
    writeFileSync(out(project, 'm'), 'edited in place by a user');
    expect((await project.pipeline('verify').result).stdout).not.toContain('objects/');
  });
});

describe('invariant 5: files that the runner wrote are read again only after a change', () => {
  test('an out that changes before it is placed does not count as the cached one', async () => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': { stages: { a: { cmd: 'echo right > ${outs.m}', outs: { m: 'm' } } } },
    });
    // As a process would that got away from its stage.
    const disk = watchedDisk(({ name, paths: [from = '', to = ''] }) => {
      if (name === 'rename' && to.endsWith('artifacts/pipeline/a/m')) writeFileSync(from, 'wrong\n');
    });
    expect((await project.run({}, disk)).outcomes).toEqual({ a: 'ran' });
    expect((await project.run()).outcomes).toEqual({ a: 'restored' });
    expect(project.read('artifacts/pipeline/a/m')).toBe('right\n');
  });
});

/** The objects of a project's cache, the smallest first. */
const objects = (rig: Rig): readonly string[] =>
  readdirSync(join(rig.root, 'cache/objects'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

function objectWith(rig: Rig, content: string): string {
  const found = objects(rig).find((path) => statSync(path).size === content.length);
  if (found === undefined) throw new Error(`no object of ${content.length} bytes`);
  return found;
}

describe('invariant 1: a hit means that every object is present and intact', () => {
  test.each<[string, (object: string) => void, 'in place' | 'gone']>([
    ['deleted, the out in place', (object) => rmSync(object), 'in place'],
    ['deleted, the out gone', (object) => rmSync(object), 'gone'],
    [
      'truncated, the out gone',
      (object) => {
        chmodSync(object, 0o644);
        truncateSync(object, 2);
      },
      'gone',
    ],
    [
      'changed with its time kept, the out gone',
      (object) => {
        const { atime, mtime } = statSync(object);
        chmodSync(object, 0o644);
        writeFileSync(object, 'Weights');
        utimesSync(object, atime, mtime);
      },
      'gone',
    ],
    [
      'changed with its time kept, the out in place',
      (object) => {
        const { atime, mtime } = statSync(object);
        chmodSync(object, 0o644);
        writeFileSync(object, 'Weights');
        utimesSync(object, atime, mtime);
      },
      'in place',
    ],
  ])('an object %s: it is reported, and the stage runs again', async (_, damage, place) => {
    await using rig = await finished();
    const train = rig.puppet();
    damage(objectWith(rig, 'weights'));
    if (place === 'gone') rmSync(out(rig, 'm'));
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    await started.exit(0, { m: 'weights', d: 'now a file' });
    const result = await run.result;
    expect(result.json).toMatchObject({ ran: ['train'], restored: [] });
    expect(result.stderr).toContain('missing or damaged');
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
  });

  test('objects without a row are not a result', async () => {
    await using rig = await finished();
    for (const name of readdirSync(join(rig.root, 'cache')))
      if (name.startsWith('pipeline.sqlite')) rmSync(join(rig.root, 'cache', name));
    const train = rig.puppet();
    const run = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights', d: 'd' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
  });

  test('the cache deleted with all outs in place: the stage runs again, and nothing blocks it', async () => {
    await using rig = await finished();
    rmSync(join(rig.root, 'cache'), { recursive: true });
    const train = rig.puppet();
    const run = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights', d: 'd' });
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
    expect(existsSync(out(rig, 'd/empty'))).toBe(false);
  });
});

describe('data that appear and disappear', () => {
  test.each([
    ['in its own folder', 'o'],
    ['in the workspace', { path: 'result', workspace: true }],
  ])(
    'a stage whose out is %s fails with other data: with the old data its old result is restored',
    async (_, declared) => {
      await using rig = await createRig();
      const a = rig.puppet('a');
      rig.write({
        x: 'one',
        'pipeline.yaml': { stages: { a: { cmd: a.cmd, deps: { x: 'x' }, outs: { o: declared } } } },
      });
      const place = typeof declared === 'string' ? 'artifacts/pipeline/a/o' : declared.path;
      const first = rig.pipeline('run');
      await (await a.nextStart()).exit(0, { o: 'made of one' });
      await first.result;
      rig.write({ x: 'two' });
      const second = rig.pipeline('run');
      await (await a.nextStart()).exit(1, { o: 'half of two' });
      expect((await second.result).json).toMatchObject({ failed: ['a'] });
      rig.write({ x: 'one' });
      expect((await rig.pipeline('run').result).code).toBe(0);
      expect(rig.read(place)).toBe('made of one');
      expect(a.waiting).toBe(0);
      rig.write({ x: 'two' });
      const again = rig.pipeline('run');
      await (await a.nextStart()).exit(0, { o: 'made of two' });
      expect((await again.result).json).toMatchObject({ ran: ['a'] });
      expect(rig.read(place)).toBe('made of two');
    },
  );

  test('a file that disappears on each listing fails its stage; the next run is correct', async () => {
    using project = inProcess();
    project.write({
      'd/x': 'x',
      'd/y': 'y',
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'cat ${deps.d}/* > ${outs.o}', deps: { d: 'd' }, outs: { o: 'o' } },
          b: { cmd: 'echo b > ${outs.o}', outs: { o: 'o' } },
        },
      },
    });
    const disk = watchedDisk(({ name, paths }) => {
      if (name === 'list' && paths[0] === join(project.root, 'd')) project.write({ 'd/y': 'y' });
      if (name === 'lstat' && paths[0] === join(project.root, 'd/y'))
        rmSync(join(project.root, 'd/y'), { force: true });
    });
    const run = await project.run({ keepGoing: true }, disk);
    expect(run.outcomes).toEqual({ a: 'failed', b: 'ran' });
    expect(run.events).toContainEqual(
      expect.objectContaining({
        kind: 'finished',
        instance: 'a',
        outcome: expect.objectContaining({
          failure: { kind: 'disk', message: 'the dep d (d/y): disappeared while its folder was read' },
        }),
      }),
    );
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'up-to-date' });
    expect(project.read('artifacts/pipeline/a/o')).toBe('x');
  });
});
