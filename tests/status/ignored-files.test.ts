import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess, type InProcess } from '../rig/in-process.ts';

const reading = (dep: unknown, more: object = {}): object => ({
  stages: { a: { cmd: 'ls ${deps.rows} > ${outs.o}', deps: { rows: dep }, outs: { o: 'o' }, ...more } },
});

const ran = async (project: InProcess): Promise<string | undefined> => (await project.run()).outcomes['a'];

const junk = [
  'data/__pycache__/x.cpython-312.pyc',
  'data/.DS_Store',
  'data/deep/Thumbs.db',
  'data/deep/.ipynb_checkpoints/n-checkpoint.ipynb',
  'data/.git/HEAD',
  'data/.nfs0000001',
  'data/rows.txt~',
  'data/.rows.txt.swp',
  'data/.#rows.txt',
  'data/#rows.txt#',
  'data/new/.DS_Store',
];

describe('junk in an input folder', () => {
  test.each(junk.slice(0, -1))(
    '%s triggers no rerun when it appears, changes or disappears',
    async (file) => {
      using project = inProcess();
      project.write({ 'data/rows.txt': 'x', 'data/deep/more.txt': 'y', 'pipeline.yaml': reading('data') });
      expect(await ran(project)).toBe('ran');
      project.write({ [file]: 'junk' });
      expect(await ran(project)).toBe('up-to-date');
      project.write({ [file]: 'other junk' });
      expect(await ran(project)).toBe('up-to-date');
      project.write({ 'data/rows.txt': 'z' });
      expect(await ran(project)).toBe('ran');
    },
  );

  test('a folder has the same digest with and without junk', async () => {
    const keyOf = async (files: readonly string[]): Promise<unknown> => {
      using project = inProcess();
      project.write({ 'data/rows.txt': 'x', 'data/deep/more.txt': 'y', 'pipeline.yaml': reading('data') });
      mkdirSync(join(project.root, 'data/new'));
      project.write(Object.fromEntries(files.map((file) => [file, 'junk'])));
      const explained = await project.ask((open) => open.explain('a'));
      return explained.ok && explained.value.key;
    };
    expect(await keyOf(junk)).toBe(await keyOf([]));
  });

  test('files that a stage leaves in an input folder do not keep its result out of the cache', async () => {
    using project = inProcess();
    project.write({
      'data/rows.txt': 'x',
      'pipeline.yaml': reading('data', {
        cmd: 'mkdir -p data/__pycache__; echo x > data/__pycache__/m.pyc; echo x > ${outs.o}',
      }),
    });
    expect((await project.run()).warnings).toEqual([]);
    expect(await ran(project)).toBe('up-to-date');
  });

  test('counts where the dep sets it, where it is the dep itself, and in outs', async () => {
    using project = inProcess();
    project.write({
      'data/rows.txt': 'x',
      'data/.DS_Store': 'a',
      'data/__pycache__/m.pyc': 'a',
      'pipeline.yaml': {
        stages: {
          all: { cmd: ['true'], deps: { rows: { path: 'data', ignore: false } } },
          file: { cmd: ['true'], deps: { rows: 'data/.DS_Store' } },
          folder: { cmd: ['true'], deps: { rows: 'data/__pycache__' } },
          code: { cmd: ['true', 'data/.DS_Store'], code: ['data/.DS_Store'] },
          out: {
            cmd: 'mkdir -p ${outs.o}; cp data/.DS_Store ${outs.o}/.DS_Store',
            code: ['data/.DS_Store'],
            outs: { o: 'o' },
          },
        },
      },
    });
    const all = (kind: string): Readonly<Record<string, string>> =>
      Object.fromEntries(['all', 'file', 'folder', 'code', 'out'].map((name) => [name, kind]));
    expect((await project.run()).outcomes).toEqual(all('ran'));
    project.write({ 'data/.DS_Store': 'b', 'data/__pycache__/m.pyc': 'b' });
    expect((await project.run()).outcomes).toEqual(all('ran'));
    rmSync(join(project.root, 'artifacts/pipeline/out/o/.DS_Store'));
    expect((await project.run()).outcomes['out']).toBe('restored');
  });

  test('does not count in code either', async () => {
    using project = inProcess();
    project.write({
      'tools/x.py': 'x',
      'tools/x.py~': 'old',
      'pipeline.yaml': { stages: { a: { cmd: ['true'], code: ['tools', 'more/**'] } } },
      'more/y.py': 'y',
    });
    expect(await ran(project)).toBe('ran');
    project.write({ 'tools/x.py~': 'older', 'tools/.DS_Store': 'x', 'more/.ipynb_checkpoints/y': 'y' });
    expect(await ran(project)).toBe('up-to-date');
    project.write({ 'tools/x.py': 'z' });
    expect(await ran(project)).toBe('ran');
  });
});

describe('.pipelineignore', () => {
  test('adds rules, and reverts built-in ones; changes matter where they change what counts', async () => {
    using project = inProcess();
    project.write({
      'data/rows.txt': 'x',
      'data/notes/a.md': 'a',
      'other/rows.txt': 'x',
      'pipeline.yaml': {
        stages: {
          a: { cmd: ['true'], deps: { rows: 'data' } },
          b: { cmd: ['true'], deps: { rows: 'other' } },
        },
      },
    });
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran' });
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date', b: 'up-to-date' });
    project.write({ '.pipelineignore': '# notes\n/data/notes/\n' });
    expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'up-to-date' });
    project.write({ 'data/notes/a.md': 'b', 'data/notes/c.md': 'c' });
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date', b: 'up-to-date' });
    project.write({ '.pipelineignore': '/data/notes/\n!.DS_Store\n', 'other/.DS_Store': 'x' });
    expect((await project.run()).outcomes).toEqual({ a: 'up-to-date', b: 'ran' });
  });

  test('explain reports what is ignored, and why', async () => {
    using project = inProcess();
    project.write({
      'data/rows.txt': 'x',
      'data/.DS_Store': 'x',
      'data/a.tmp': 'x',
      '.pipelineignore': '*.tmp\n',
      'pipeline.yaml': reading('data'),
    });
    const explained = await project.ask((open) => open.explain('a'));
    expect(explained.ok && explained.value.ignored).toEqual([
      { path: 'data/.DS_Store', rule: '.DS_Store, built in' },
      { path: 'data/a.tmp', rule: '*.tmp in .pipelineignore' },
    ]);
  });
});
