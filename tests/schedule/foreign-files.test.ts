import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type InProcess, inProcess } from '../rig/in-process.ts';

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

describe.each([false, true])('a file that no run wrote, at the place of an out (temp: %s)', (temp) => {
  const d = 'artifacts/pipeline/a/d';
  const mine = { file: 'file mine', symlink: 'link ../../../elsewhere.txt' };
  const writing = (text: string, kind: string): object => ({
    stages: {
      a: {
        cmd:
          kind === 'folder'
            ? `mkdir -p \${outs.d}; echo ${text} > \${outs.d}/x`
            : `echo ${text} > \${outs.d}`,
        outs: { d: { path: 'd', temp } },
      },
      b: { cmd: 'echo b > ${outs.m}', deps: { d: { from: 'a', out: 'd' } }, outs: { m: 'm' } },
    },
  });
  const put = (project: InProcess, what: 'file' | 'symlink'): void => {
    rmSync(join(project.root, d), { recursive: true, force: true });
    mkdirSync(join(project.root, d, '..'), { recursive: true });
    if (what === 'file') project.write({ [d]: 'mine' });
    else symlinkSync('../../../elsewhere.txt', join(project.root, d));
  };

  /** Runs the project, and expects what was put there to be moved beside the out and reported. */
  const expectKept = async (
    project: InProcess,
    what: 'file' | 'symlink',
    outcome: 'ran' | 'restored',
  ): Promise<void> => {
    const { outcomes, warnings } = await project.run();
    expect(outcomes).toMatchObject({ a: outcome });
    expect(warnings).toContain('kept-files');
    expect(project.snapshot('artifacts/pipeline/a')).toMatchObject({ 'd.kept': mine[what] });
    expect(project.read('elsewhere.txt')).toBe('theirs');
  };

  const cases = [
    ['file', 'file'],
    ['file', 'symlink'],
    ['folder', 'file'],
    ['folder', 'symlink'],
  ] as const;

  test.each(cases)('where a run writes a %s: a %s is moved beside it and reported', async (kind, what) => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': writing('one', kind), 'elsewhere.txt': 'theirs' });
    put(project, what);
    await expectKept(project, what, 'ran');
  });

  test.each(cases)('where a cached %s is restored: a %s is, too', async (kind, what) => {
    using project = inProcess();
    // The same keys, at other places.
    const written = writing('one', kind);
    project.write({ 'pipeline.yaml': written, 'experiments/other.yaml': written, 'elsewhere.txt': 'theirs' });
    await project.run({}, undefined, 'experiments/other.yaml');
    put(project, what);
    await expectKept(project, what, 'restored');
  });

  test('gc leaves what was moved', async () => {
    using project = inProcess();
    project.write({ 'pipeline.yaml': writing('one', 'file') });
    put(project, 'file');
    await project.run();
    project.write({ 'pipeline.yaml': { stages: { c: { cmd: 'true' } } } });
    const collected = await project.ask((opened) => opened.gc({ dryRun: false, keepRuns: 0 }));
    expect(collected.ok).toBe(true);
    expect(project.snapshot('artifacts/pipeline/a')).toEqual({ 'd.kept': mine.file });
  });
});

test('a file with the bytes of the result, at the place of its out, is taken over', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': { stages: { a: { cmd: 'echo one > ${outs.m}', outs: { m: 'm' } } } },
    'artifacts/pipeline/a/m': 'one\n',
  });
  expect(await project.run()).toMatchObject({ outcomes: { a: 'ran' }, warnings: [] });
  expect(project.snapshot('artifacts/pipeline/a')).toEqual({ m: 'file one\n' });
});
