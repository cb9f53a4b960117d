import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inProcess } from '../rig/in-process.ts';

const folder = (text: string, workspace: boolean): object => ({
  stages: {
    a: {
      cmd: `mkdir -p \${outs.d}/sub; echo ${text} > \${outs.d}/x; echo ${text} > \${outs.d}/sub/${text}`,
      outs: { d: { path: 'd', workspace } },
    },
  },
});

describe.each([
  ['among the artifacts', false, 'artifacts/pipeline/a/d'],
  ['in the workspace', true, 'd'],
])('a file that is not ours in a folder out %s is moved beside it and reported', (_, workspace, d) => {
  const foreign = { [`${d}/note.txt`]: 'mine', [`${d}/sub/deep/note.txt`]: 'mine too' };
  const kept = {
    'note.txt': 'file mine',
    sub: 'folder',
    'sub/deep': 'folder',
    'sub/deep/note.txt': 'file mine too',
  };
  const result = (text: string) => ({
    sub: 'folder',
    [`sub/${text}`]: `file ${text}\n`,
    x: `file ${text}\n`,
  });

  test('when the out is restored', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': folder('one', workspace) });
    await project.run();
    for (const place of [`${d}.kept`, `${d}.kept-2`]) {
      project.write({ ...foreign, [`${d}/x`]: 'edited' });
      expect(await project.run()).toMatchObject({ outcomes: { a: 'restored' }, warnings: ['kept-files'] });
      expect(project.snapshot(d)).toEqual(result('one'));
      expect(project.snapshot(place)).toEqual(kept);
    }
    expect(await project.run()).toMatchObject({ outcomes: { a: 'up-to-date' }, warnings: [] });
  });

  test('when the stage runs again; files of an older result are removed', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': folder('one', workspace) });
    await project.run();
    project.write({ ...foreign, 'pipeline.yaml': folder('two', workspace) });
    expect(await project.run()).toMatchObject({ outcomes: { a: 'ran' }, warnings: ['kept-files'] });
    expect(project.snapshot(d)).toEqual(result('two'));
    expect(project.snapshot(`${d}.kept`)).toEqual(kept);
    project.write({ 'pipeline.yaml': folder('one', workspace) });
    expect(await project.run()).toMatchObject({ outcomes: { a: 'restored' }, warnings: [] });
    expect(project.snapshot(d)).toEqual(result('one'));
  });
});

test('without the cache, files that no result has are kept when a stage writes others', async () => {
  using project = inProcess();
  project.write({ 'pipeline.yaml': folder('one', false) });
  await project.run();
  rmSync(join(project.root, 'cache'), { recursive: true });
  project.write({ 'artifacts/pipeline/a/d/note.txt': 'mine', 'pipeline.yaml': folder('two', false) });
  expect(await project.run()).toMatchObject({ outcomes: { a: 'ran' }, warnings: ['kept-files'] });
  expect(project.read('artifacts/pipeline/a/d.kept/note.txt')).toBe('mine');
});
