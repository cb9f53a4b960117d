import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

const git = (rig: Rig, ...words: readonly string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words], {
    cwd: rig.root,
    encoding: 'utf8',
  }).trim();

/** A score with an interval, computed from a param. */
const scored = (rate: number) => ({
  'pipeline.yaml': {
    stages: {
      a: {
        cmd: [
          'sh',
          '-c',
          `printf '{"score": %s, "intervals": {"score": [0, %s]}}' $1 $1 > "$0"`,
          '${outs.m}',
          '${params.rate}',
        ],
        params: { rate },
        outs: { m: { path: 'm.json', kind: 'metrics' } },
      },
    },
  },
});

test('metrics of a commit, of a run, and what changed since, as Markdown', async () => {
  await using rig = await createRig();
  rig.write({ ...scored(0.25), '.gitignore': 'artifacts/\ncache/\n' });
  git(rig, 'init', '-q', '-b', 'trunk');
  git(rig, 'add', '.');
  git(rig, 'commit', '-qm', 'first');
  await rig.pipeline('run').result;
  const commit = git(rig, 'rev-parse', 'HEAD').slice(0, 7);
  rig.write(scored(0.5));
  const changed = await rig.pipeline('run').result;
  expect(changed.code, changed.stderr).toBe(0);

  const at = await rig.pipeline('metrics', '--at', 'trunk', '--json').result;
  expect(at.json['instances']).toMatchObject([
    { instance: 'a', params: { rate: 0.25 }, values: { score: 0.25 }, intervals: { score: [0, 0.25] } },
  ]);
  const run = await rig.pipeline('metrics', '--run', String(changed.json['run']), '--json').result;
  expect(run.json['instances']).toMatchObject([{ values: { score: 0.5 } }]);
  expect((await rig.pipeline('metrics', '--diff', 'HEAD').result).stdout).toBe(`\
| instance | metric | ${commit} | now | change |
| --- | --- | --- | --- | ---: |
| \`a\` | \`score\` | 0.2500 (0 to 0.2500) | 0.5000 (0 to 0.5000) | +0.2500 |

| instance | param | before | after |
| --- | --- | --- | --- |
| \`a\` | \`rate\` | \`0.25\` | \`0.5\` |
`);

  rmSync(join(rig.root, 'cache/objects'), { recursive: true });
  const evicted = await rig.pipeline('metrics', '--at', 'HEAD').result;
  expect(evicted.stderr).toContain('the result that a had is not in the cache any more: it is left out');

  git(rig, 'commit', '-qam', 'second');
  const missing = await rig.pipeline('metrics', '--diff', 'HEAD').result;
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringMatching(/no run of \S+ at [0-9a-f]{7} without changed files is recorded here/),
  ]);
  const unknown = await rig.pipeline('metrics', '--at', '--output=x').result;
  expect(unknown.stderr).toContain('git knows no commit "--output=x" here');
  const noRun = await rig.pipeline('metrics', '--run', 'x').result;
  expect([noRun.code, noRun.stderr]).toEqual([2, expect.stringContaining('there is no run "x"')]);
});
