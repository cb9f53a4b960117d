import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess, type InProcess } from '../rig/in-process.ts';
import { createRig } from '../rig/rig.ts';

const collect = (project: InProcess) => project.ask((open) => open.gc({ dryRun: false, keepRuns: 0 }));

describe('a symbolic link above an out: nothing behind it is overwritten or deleted, and it is named', () => {
  const writes = (out: string) => `mkdir -p $(dirname ${out}); echo made > ${out}`;

  test.each([
    ['a workspace out, executed', { path: 'build/w.txt', workspace: true }, 'build', false],
    ['a workspace out, restored', { path: 'build/w.txt', workspace: true }, 'build', true],
    ['a workspace out, two folders deep', { path: 'build/deep/w.txt', workspace: true }, 'build', true],
    ['an out, its pipeline folder linked', 'w.txt', 'artifacts/pipeline', true],
    ['an out, its stage folder linked, executed', 'w.txt', 'artifacts/pipeline/a', false],
    ['an out, a folder within its instance linked', 'deep/w.txt', 'artifacts/pipeline/a/deep', true],
    ['artifacts itself', 'w.txt', 'artifacts', true],
  ])('%s', async (_, out, linked, isRestored) => {
    using project = inProcess();
    const path = typeof out === 'string' ? `artifacts/pipeline/a/${out}` : out.path;
    const pipeline = (text: string) => ({
      stages: { a: { cmd: `${writes('${outs.o}')}; : ${text}`, outs: { o: out } } },
    });
    project.write({ 'pipeline.yaml': pipeline('1') });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
    rmSync(join(project.root, linked), { recursive: true });
    const behind = `keep${path.slice(linked.length)}`;
    project.write({ [behind]: 'precious\n', 'keep/other.txt': 'mine\n' });
    mkdirSync(join(project.root, linked, '..'), { recursive: true });
    symlinkSync(join(project.root, 'keep'), join(project.root, linked));
    if (!isRestored) project.write({ 'pipeline.yaml': pipeline('2') });
    for (const request of [{}, { force: true }]) {
      const ran = await project.run(request);
      expect(ran.problem).toContain(
        `linked-out: ${path} would be written through the symbolic link ${linked}`,
      );
    }
    expect((await collect(project)).ok).toBe(true);
    project.write({ 'pipeline.yaml': { stages: { b: { cmd: ['true'] } } } });
    expect((await collect(project)).ok).toBe(true);
    expect([project.read(behind), project.read('keep/other.txt')]).toEqual(['precious\n', 'mine\n']);
  });

  test.each([
    ['a folder', 'keep', 'linked-out: artifacts/pipeline/a/o would be written through'],
    ['a file', 'keep/file', 'in-the-way: artifacts/pipeline/a is a file where a folder is needed'],
  ])('a link to %s above several outs is one fault', async (_, target, fault) => {
    using project = inProcess();
    const outs = { o: 'o', other: 'other' };
    project.write({
      'pipeline.yaml': { stages: { a: { cmd: 'touch ${outs.o} ${outs.other}', outs } } },
      'keep/file': 'precious',
    });
    mkdirSync(join(project.root, 'artifacts/pipeline'), { recursive: true });
    symlinkSync(join(project.root, target), join(project.root, 'artifacts/pipeline/a'));
    const { problem = '' } = await project.run();
    expect(problem).toContain(fault);
    expect(problem.match(/linked-out|in-the-way/g)).toHaveLength(1);
    expect(readdirSync(join(project.root, 'keep'))).toEqual(['file']);
  });

  test('a folder out: the files behind the link stay', async () => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': {
        stages: {
          a: {
            cmd: 'mkdir -p ${outs.o}; echo made > ${outs.o}/w.txt',
            outs: { o: { path: 'build/o', workspace: true } },
          },
        },
      },
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
    renameSync(join(project.root, 'build'), join(project.root, 'keep'));
    project.write({ 'keep/o/mine.txt': 'precious' });
    symlinkSync('keep', join(project.root, 'build'));
    expect((await project.run()).problem).toContain('linked-out: build/o would be written through');
    expect(readdirSync(join(project.root, 'keep/o'))).toEqual(['mine.txt', 'w.txt']);
  });

  test('a link in the place of a workspace out stays, and its target', async () => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': {
        stages: { a: { cmd: 'echo made > ${outs.o}', outs: { o: { path: 'w.txt', workspace: true } } } },
      },
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran' });
    rmSync(join(project.root, 'w.txt'));
    project.write({ 'keep.txt': 'precious' });
    symlinkSync('keep.txt', join(project.root, 'w.txt'));
    expect((await project.run({ force: true })).problem).toContain(
      'linked-out: w.txt would be written through',
    );
    expect(project.read('w.txt')).toBe('precious');
  });

  test('an out that is only read is not restored through a link', async () => {
    using project = inProcess();
    project.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo made > ${outs.o}', outs: { o: 'deep/o.txt' } },
          b: { cmd: ['true'], deps: { o: { from: 'a', out: 'o' } } },
        },
      },
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran' });
    rmSync(join(project.root, 'artifacts/pipeline/a/deep'), { recursive: true });
    mkdirSync(join(project.root, 'keep'));
    symlinkSync(join(project.root, 'keep'), join(project.root, 'artifacts/pipeline/a/deep'));
    await project.run({ patterns: ['b'], mode: 'only', force: true });
    expect(readdirSync(join(project.root, 'keep'))).toEqual([]);
  });
});

describe('a symbolic link inside an input folder, to an out of another stage', () => {
  test.each([
    ['to the out', '../artifacts/p/a/o'],
    ['to a folder above it', '../artifacts/p/a'],
    ['to a file in it', '../artifacts/p/a/o/x'],
  ])('%s: the reader is refused, before and after the out is made, with what to write', async (_, to) => {
    using project = inProcess();
    project.write({
      'rows/x': 'x',
      'pipeline.yaml': {
        name: 'p',
        stages: {
          a: { cmd: 'mkdir ${outs.o}; echo 1 > ${outs.o}/x', outs: { o: 'o' } },
          b: { cmd: 'cat ${deps.rows}/x > ${outs.p}', deps: { rows: 'rows' }, outs: { p: 'p' } },
        },
      },
    });
    symlinkSync(to, join(project.root, 'rows/link'));
    for (const patterns of [['b'], ['a', 'b']]) {
      const { events } = await project.run({ patterns, keepGoing: true });
      expect(events).toContainEqual(
        expect.objectContaining({
          kind: 'finished',
          instance: 'b',
          outcome: expect.objectContaining({
            failure: {
              kind: 'disk',
              message: expect.stringContaining('declare a dep { from: a, out: o }'),
            },
          }),
        }),
      );
    }
    const explained = await project.ask((open) => open.explain('b'));
    expect(explained.ok && explained.value.fault).toContain(
      '(rows/link): is a symbolic link to the out o of a',
    );
    rmSync(join(project.root, 'rows/link'));
    expect((await project.run()).outcomes).toMatchObject({ b: 'ran' });
  });
});

describe('a stage that replaces a folder of the runner by a link while it runs', () => {
  test.each(['artifacts', 'cache/objects', 'cache/scratch', 'cache/attempts'])(
    '%s: nothing is written or deleted behind it, by this run, the next or gc',
    async (folder) => {
      await using rig = await createRig();
      const puppet = rig.puppet();
      rig.write({
        'keep/00/precious': 'mine',
        [`keep/${'0'.repeat(64)}/precious`]: 'mine',
        'pipeline.yaml': { stages: { a: { cmd: puppet.cmd, outs: { o: 'o' } } } },
      });
      const before = tree(join(rig.root, 'keep'));
      const run = rig.pipeline('run');
      const started = await puppet.nextStart();
      await started.order('write', { files: { 'out:o': 'made' } });
      const place = join(rig.root, folder);
      if (existsSync(place)) renameSync(place, join(rig.root, 'moved'));
      symlinkSync(join(rig.root, 'keep'), place);
      await started.exit(0);
      await run.result;
      expect(tree(join(rig.root, 'keep'))).toEqual(before);
      rig.write({ 'pipeline.yaml': { stages: { a: { cmd: ['true'] } } } });
      for (const words of [['run'], ['gc', '--keep-runs', '0']]) {
        const { stderr, code } = await rig.pipeline(...words).result;
        if (folder !== 'artifacts')
          expect([code, stderr]).toEqual([2, expect.stringContaining(`${folder} is a symbolic link`)]);
      }
      expect(tree(join(rig.root, 'keep'))).toEqual(before);
    },
  );
});

describe('one file by two paths', () => {
  test.each([
    ['a dep through a link on an out', { deps: { x: 'build/w.txt' } }, 'build/w.txt'],
    ['a dep on a folder that contains it', { deps: { x: 'build' } }, 'build'],
    ['code through a link', { code: ['build/w.txt'] }, 'build/w.txt'],
    [
      'an external dep by an absolute path',
      { deps: { x: { path: '@root/src/w.txt', external: true } } },
      'w.txt',
    ],
    [
      'an external dep through a link outside',
      { deps: { x: { path: '@root/../out-@name/w.txt', external: true } } },
      'w.txt',
    ],
  ])('%s is refused, with how to read it', async (_, more, shown) => {
    using project = inProcess();
    project.write({ 'src/w.txt': 'old' });
    symlinkSync('src', join(project.root, 'build'));
    const outside = join(project.root, `../out-${project.root.split('/').at(-1)}`);
    symlinkSync(join(project.root, 'src'), outside);
    const reader = JSON.parse(
      JSON.stringify({ cmd: ['true'], ...more })
        .replaceAll('@root/..', join(project.root, '..'))
        .replaceAll('@root', project.root)
        .replaceAll('@name', project.root.split('/').at(-1) ?? ''),
    );
    project.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo x > ${outs.o}', outs: { o: { path: 'src/w.txt', workspace: true } } },
          b: reader,
        },
      },
    });
    rmSync(join(project.root, 'src/w.txt'));
    writeFileSync(join(project.root, 'src/w.txt'), 'old');
    const { problem } = await project.run();
    rmSync(outside);
    expect(problem).toContain('overlap: ');
    expect(problem).toContain(shown);
    expect(readFileSync(join(project.root, 'src/w.txt'), 'utf8')).toBe('old');
  });

  test('two outs, one of them through a link: refused before either is written', async () => {
    using project = inProcess();
    mkdirSync(join(project.root, 'src'));
    symlinkSync('src', join(project.root, 'build'));
    project.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo a > ${outs.o}', outs: { o: { path: 'src/w.txt', workspace: true } } },
          b: { cmd: 'echo b > ${outs.o}', outs: { o: { path: 'build/w.txt', workspace: true } } },
        },
      },
    });
    expect((await project.run()).problem).toContain('linked-out: build/w.txt');
    expect(readdirSync(join(project.root, 'src'))).toEqual([]);
  });

  test('a dep through a link to a file that no stage writes is an ordinary dep', async () => {
    using project = inProcess();
    project.write({ 'src/rows.txt': 'x' });
    symlinkSync('src', join(project.root, 'build'));
    project.write({
      'pipeline.yaml': {
        stages: {
          a: { cmd: 'echo a > ${outs.o}', outs: { o: { path: 'src/w.txt', workspace: true } } },
          b: { cmd: ['true'], deps: { rows: 'build/rows.txt' } },
        },
      },
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran' });
    project.write({ 'src/rows.txt': 'y' });
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date', b: 'ran' });
  });
});

function tree(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort();
}
