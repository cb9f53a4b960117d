import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { StartedFrom } from '../../src/runner/answers/runs.ts';
import { commitStateIn } from '../../src/runner/executors/commit-state.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const git = (rig: Rig, ...words: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words], {
    cwd: rig.root,
    encoding: 'utf8',
  }).trim();

async function lastStart(rig: Rig): Promise<StartedFrom | undefined> {
  const { json } = await rig.pipeline('history', '--limit', '1', '--json').result;
  const runs = json['runs'] as readonly { readonly startedFrom?: StartedFrom }[];
  return runs[0]?.startedFrom;
}

const oneStage = {
  'pipeline.yaml': { stages: { a: { cmd: 'cp ${deps.x} ${outs.o}', deps: { x: 'x' }, outs: { o: 'o' } } } },
  '.gitignore': 'artifacts/\ncache/\n',
  x: '1',
};

test('a run records its user and commit, also one with nothing to do', async () => {
  await using rig = await createRig();
  rig.write(oneStage);
  git(rig, 'init', '-q', '-b', 'trunk');
  await rig.pipeline('run').result;
  expect((await lastStart(rig))?.commit).toBeUndefined();
  git(rig, 'add', '.');
  git(rig, 'commit', '-qm', 'first');
  await rig.pipeline('run').result;
  const commit = git(rig, 'rev-parse', 'HEAD');
  expect(await lastStart(rig)).toEqual({
    user: userInfo().username,
    host: expect.any(String),
    version: manifest.version,
    node: process.versions.node,
    commit: { commit, branch: 'trunk', isDirty: false },
  });
  rig.write({ x: '2' });
  await rig.pipeline('run').result;
  expect((await lastStart(rig))?.commit).toEqual({ commit, branch: 'trunk', isDirty: true });
  git(rig, 'checkout', '-q', 'x');
  git(rig, 'checkout', '-q', '--detach');
  await rig.pipeline('run').result;
  expect((await lastStart(rig))?.commit).toEqual({ commit, isDirty: false });
  expect((await rig.pipeline('history').result).stdout).toContain(`${commit.slice(0, 7)}+ trunk`);
});

test('outside of a repository no commit is known, and git writes nothing', async () => {
  await using rig = await createRig();
  rig.write(oneStage);
  await rig.pipeline('run').result;
  expect((await lastStart(rig))?.commit).toBeUndefined();
  expect(rig.exists('.git')).toBe(false);
});

test('output of git is parsed as printed', () => {
  const head = `# branch.oid ${'a'.repeat(40)}\n# branch.head trunk\n# branch.ab +1 -0\n`;
  expect(commitStateIn(head)).toEqual({ commit: 'a'.repeat(40), branch: 'trunk', isDirty: false });
  expect(commitStateIn(`${head}? new\n`)?.isDirty).toBe(true);
  expect(commitStateIn('# branch.oid (initial)\n# branch.head trunk\n')).toBeUndefined();
});
