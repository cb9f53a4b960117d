import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Started } from '../rig/puppets.ts';
import { createRig, until } from '../rig/rig.ts';

describe('invariant 2: a published result matches its key', () => {
  test('a stage that exits with 0 and its outs is cached: the second run starts nothing', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const first = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await first.result).json).toMatchObject({ ran: ['train'] });
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [], 'up-to-date': ['train'] });
    expect(train.waiting).toBe(0);
  });

  test('an input edited during the run: result kept, not cached; the next run reruns', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    rig.write({ rows: 'b' });
    await started.exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result.code).toBe(0);
    expect(result.warnings).toEqual(['dep-changed']);
    expect(result.stderr).toContain('rows');
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights of b' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights of b');
  });

  test('the cache removed during the run: the result is kept, and the next run is correct', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    rmSync(join(rig.root, 'cache'), { recursive: true });
    await started.exit(0, { m: 'weights' });
    const { code, json, warnings, stderr } = await run.result;
    expect({ code, json, warnings }).toMatchObject({
      code: 0,
      json: { ran: ['train'] },
      warnings: ['not-cached'],
    });
    expect(stderr).toContain('cache/pipeline.sqlite was removed during the run');
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
  });

  test.each([
    [
      'edited in place and put back',
      (path: string) => {
        writeFileSync(path, 'b');
        writeFileSync(path, 'a');
      },
    ],
    [
      'replaced by rename and put back',
      (path: string) => {
        writeFileSync(`${path}.new`, 'b');
        renameSync(`${path}.new`, path);
        writeFileSync(path, 'a');
      },
    ],
    [
      'edited and put back, its time as before',
      (path: string) => {
        const { atime, mtime } = statSync(path);
        writeFileSync(path, 'b');
        writeFileSync(path, 'a');
        utimesSync(path, atime, mtime);
      },
    ],
  ])('an input %s during the run is noticed', async (_, edit) => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    edit(join(rig.root, 'rows'));
    await started.exit(0, { m: 'weights' });
    expect((await run.result).warnings).toEqual(['dep-changed']);
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
  });

  test.each<[string, (started: Started) => Promise<unknown>]>([
    ['edits', (started) => started.order('write', { files: { rows: 'b' } })],
    ['removes', (started) => started.order('remove', { path: 'rows' })],
    ['adds a file to', (started) => started.order('write', { files: { 'folder/new': '' } })],
  ])('a stage that %s its own dep: result kept, not cached, the dep named', async (_, act) => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'folder/old': '',
      'pipeline.yaml': {
        stages: { train: { cmd: train.cmd, deps: { rows: 'rows', folder: 'folder' }, outs: { m: 'm' } } },
      },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    await act(started);
    await started.exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 0, json: { ran: ['train'] }, warnings: ['dep-changed'] });
    expect(result.stderr).toMatch(/(rows|folder\/new) was changed while train ran/);
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    rig.write({ rows: 'a' });
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
  });

  test('an out that is a hard link to an input shares nothing with the cache', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      other: 'weights',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    await started.order('hardLink', { path: 'out:m', target: 'other' });
    await started.exit(0);
    expect((await run.result).json).toMatchObject({ ran: ['train'] });
    rig.write({ other: 'WEIGHTS' });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [], restored: ['train'] });
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
    expect(rig.read('other')).toBe('WEIGHTS');
  });

  test.each<[string, (started: Started) => Promise<unknown>, string]>([
    [
      'a symbolic link',
      (started) => started.order('link', { path: 'out:m', target: '../../../../rows' }),
      'is a symbolic link where',
    ],
    [
      'a pipe',
      (started) => started.order('pipe', { path: 'out:m' }),
      'is not a file, folder or symbolic link',
    ],
    [
      'a folder with a pipe in it',
      async (started) => {
        await started.order('folder', { path: 'out:m' });
        await started.order('pipe', { path: 'out:m/p' });
      },
      'is not a file, folder or symbolic link',
    ],
  ])('an out that is %s is a failure with a message', async (_, make, words) => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    await make(started);
    await started.exit(0);
    const result = await run.result;
    expect(result).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(result.stderr).toContain(words);
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
  });

  test('cyclic links in an out are kept and cached; in a dep that follows links refused', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      'rows/x': 'a',
      'pipeline.yaml': {
        stages: {
          train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } },
          read: {
            cmd: 'ls ${deps.m} > ${outs.o}',
            deps: { m: { from: 'train', out: 'm' } },
            outs: { o: 'o' },
          },
        },
      },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    for (const [path, target] of [
      ['out:m/one', 'two'],
      ['out:m/two', 'one'],
      ['out:m/self', '.'],
      ['out:m/below/up', '..'],
    ])
      await started.order('link', { path, target });
    await started.exit(0);
    expect((await run.result).json).toMatchObject({ ran: ['train', 'read'] });
    rmSync(join(rig.root, 'artifacts'), { recursive: true });
    expect((await rig.pipeline('run').result).json).toMatchObject({ restored: ['train', 'read'] });
    expect(
      ['one', 'two', 'self', 'below/up'].map((name) =>
        readlinkSync(join(rig.root, 'artifacts/pipeline/train/m', name)),
      ),
    ).toEqual(['two', 'one', '.', '..']);

    // Inside the dep they lead nowhere else; through a folder outside they lead back to it.
    symlinkSync('loop', join(rig.root, 'rows/loop'));
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    expect((await again.result).json).toMatchObject({ ran: ['train', 'read'] });
    rmSync(join(rig.root, 'rows/loop'));
    mkdirSync(join(rig.root, 'outside'));
    symlinkSync('../outside', join(rig.root, 'rows/outside'));
    symlinkSync('../outside', join(rig.root, 'outside/again'));
    const refused = await rig.pipeline('run').result;
    expect(refused).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(refused.stderr).toContain('is a symbolic link to a folder that contains it');
  });

  test('a dep that is a link to itself is reported as one', async () => {
    await using rig = await createRig();
    rig.write({
      'pipeline.yaml': {
        stages: { a: { cmd: 'cat ${deps.rows} > ${outs.o}', deps: { rows: 'rows' }, outs: { o: 'o' } } },
      },
    });
    symlinkSync('rows', join(rig.root, 'rows'));
    const refused = await rig.pipeline('run').result;
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('rows is a symbolic link to rows, which leads back to it');
  });

  test('a link that leads out of its folder: the result is kept and not cached, the link named', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { d: 'd' } } } },
    });
    const run = rig.pipeline('run');
    const started = await train.nextStart();
    await started.order('link', { path: 'out:d/link', target: join(rig.root, 'rows') });
    await started.exit(0);
    expect(await run.result).toMatchObject({ code: 0, warnings: ['out-link'] });
    expect(train.waiting).toBe(0);
  });

  test('a path that looks like an option reaches a program as a path', async () => {
    await using rig = await createRig();
    rig.write({
      '-n': 'content',
      'pipeline.yaml': {
        stages: {
          list: { cmd: ['cp', '${deps.x}', '${outs.o}'], deps: { x: '-n' }, outs: { o: 'o' } },
          shell: {
            cmd: 'cat ${deps.x} > ${outs.o}',
            deps: { x: '-n' },
            outs: { o: { path: '-o', workspace: true } },
          },
          gather: {
            cmd: ['sh', '-c', 'cat "$@" > "$0"', '${outs.o}', '${deps.x}'],
            deps: { x: { from: 'shell', out: 'o', gather: true } },
            outs: { o: 'o' },
          },
        },
      },
    });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['list', 'shell', 'gather'] });
    for (const path of ['artifacts/pipeline/list/o', '-o', 'artifacts/pipeline/gather/o'])
      expect(rig.read(path)).toBe('content');
    expect((await rig.pipeline('run').result).json).toMatchObject({
      'up-to-date': ['list', 'shell', 'gather'],
    });
  });

  test('a result complete at Ctrl-C is kept, even with processes of the stage running', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { train: { cmd: train.cmd, outs: { m: 'm' } } } } });
    const run = rig.process('run');
    const started = await train.nextStart();
    await started.order('background', { termFile: '../asked' });
    await until(() => rig.exists('../asked.ready'), 10_000);
    await started.exit(0, { m: 'weights' });
    await until(() => rig.exists('../asked'), 5_000);
    run.kill('SIGINT');
    await until(() => readFileSync(run.eventFile, 'utf8').includes('interrupting'), 5_000);
    run.kill('SIGINT');
    expect(await run.result).toMatchObject({ code: 130, json: { ran: ['train'], interrupted: [] } });
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['train'] });
  });

  test('a stage that exits with 0 without an out has failed, and its files are kept beside', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({ 'pipeline.yaml': { stages: { train: { cmd: train.cmd, outs: { m: 'm', log: 'log' } } } } });
    const run = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    const result = await run.result;
    expect(result).toMatchObject({ code: 1, json: { failed: ['train'] } });
    expect(result.stderr).toContain('log');
    expect(rig.read('artifacts/pipeline/train.failed/m')).toBe('weights');
    expect(rig.exists('artifacts/pipeline/train/m')).toBe(false);
    const again = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights', log: 'l' });
    expect((await again.result).json).toMatchObject({ ran: ['train'] });
    expect(readdirSync(join(rig.root, 'artifacts/pipeline'))).toEqual(['train']);
  });

  test('a file of somebody else in the folder of an instance stays', async () => {
    await using rig = await createRig();
    const train = rig.puppet();
    rig.write({
      rows: 'a',
      'artifacts/pipeline/train/notes.txt': 'mine',
      'pipeline.yaml': { stages: { train: { cmd: train.cmd, deps: { rows: 'rows' }, outs: { m: 'm' } } } },
    });
    const run = rig.pipeline('run');
    await (await train.nextStart()).exit(0, { m: 'weights' });
    await run.result;
    expect(rig.read('artifacts/pipeline/train/notes.txt')).toBe('mine');
    expect(rig.read('artifacts/pipeline/train/m')).toBe('weights');
  });
});
