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

test('metrics of a commit, of a run, and the difference, as Markdown', async () => {
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
  expect(evicted.stderr).toContain('the result that a had is no longer in the cache, so it is left out');

  git(rig, 'commit', '-qam', 'second');
  const missing = await rig.pipeline('metrics', '--diff', 'HEAD').result;
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringMatching(
      /[0-9a-f]{7} has no results\.json, and no run of \S+ at it without uncommitted changes is recorded here/,
    ),
  ]);
  const unknown = await rig.pipeline('metrics', '--at', '--output=x').result;
  expect(unknown.stderr).toContain('git finds no commit "--output=x"');
  const noRun = await rig.pipeline('metrics', '--run', 'x').result;
  expect([noRun.code, noRun.stderr]).toEqual([2, expect.stringContaining('there is no run "x"')]);
});

/** Answers of two models to four questions; `wrong`: to how many the second answers otherwise. */
const answered = (wrong: number) => {
  const rows = (wrongRows: number): string =>
    [0, 1, 2, 3]
      .map((row) =>
        JSON.stringify({
          row,
          question: `q${row}`,
          reference: 'one two',
          prediction: row < wrongRows ? 'three' : 'one two',
          scores: { multilingual: { rougeL: row < wrongRows ? 0 : 1 } },
        }),
      )
      .join('\n');
  return {
    'a.jsonl': rows(0),
    'b.jsonl': rows(wrong),
    'pipeline.yaml': {
      stages: {
        eval: {
          matrix: { of: ['a', 'b'] },
          cmd: ['sh', '-c', 'cp "$1" "$0"', '${outs.predictions}', '${deps.rows}'],
          deps: { rows: '${of}.jsonl' },
          outs: { predictions: 'p/${of}.jsonl' },
        },
      },
    },
  };
};

test('compare --at compares the answers of the commit, and names those that are not cached', async () => {
  await using rig = await createRig();
  rig.write({ ...answered(4), '.gitignore': 'artifacts/\ncache/\np/\n' });
  await rig.pipeline('run').result;
  await rig.pipeline('results', '--write').result;
  git(rig, 'init', '-q', '-b', 'trunk');
  git(rig, 'add', '.');
  git(rig, 'commit', '-qm', 'first');
  rig.write(answered(2));
  await rig.pipeline('run').result;
  const scoreOf = async (...words: readonly string[]): Promise<unknown> => {
    const compared = await rig.pipeline('compare', 'eval[*]', '--score', 'rougeL', '--json', ...words).result;
    expect(compared.code, compared.stderr).toBe(0);
    return compared.json['comparisons'];
  };
  expect(await scoreOf()).toMatchObject([{ mean: -0.5 }]);
  expect(await scoreOf('--at', 'trunk')).toMatchObject([{ mean: -1 }]);

  rmSync(join(rig.root, 'cache/objects'), { recursive: true });
  const evicted = await rig.pipeline('compare', 'eval[*]', '--at', 'trunk').result;
  expect(evicted.code).toBe(2);
  expect(evicted.stderr).toContain('the answers of eval[b] at');
  expect(evicted.stderr).toContain('leaves no model to compare at trunk');
});

test('compare reports a file edited by hand, and compares the cached result', async () => {
  await using rig = await createRig();
  rig.write(answered(4));
  await rig.pipeline('run').result;
  const before = await rig.pipeline('compare', 'eval[*]').result;
  expect(before.stderr).not.toContain('was changed');
  rig.write({ 'artifacts/pipeline/eval/b/p/b.jsonl': '' });
  const after = await rig.pipeline('compare', 'eval[*]').result;
  expect(after.stdout).toBe(before.stdout);
  expect(after.stderr).toContain('p/b.jsonl was changed: comparing the cached result');
  expect(after.stderr).not.toContain('p/a.jsonl was changed');
});

test('the results file of a commit is read before any run, whatever its platform', async () => {
  await using rig = await createRig();
  rig.write({ ...scored(0.25), '.gitignore': 'artifacts/\ncache/\n' });
  await rig.pipeline('run').result;
  const written = await rig.pipeline('results', '--write').result;
  expect(written.stdout).toBe('wrote 1 instance to results.json\n');
  const text = rig.read('results.json');
  expect(text).toMatch(/^"a": \{"key":"[0-9a-f]{64}","manifest":"[0-9a-f]{64}","metrics":.*\}$/m);
  git(rig, 'init', '-q', '-b', 'trunk');
  git(rig, 'add', '.');
  git(rig, 'commit', '-qm', 'first');
  rmSync(join(rig.root, 'cache'), { recursive: true });

  const at = await rig.pipeline('metrics', '--at', 'trunk', '--json').result;
  expect(at.json['instances']).toMatchObject([
    { instance: 'a', values: { score: 0.25 }, intervals: { score: [0, 0.25] } },
  ]);
  const check = async (): Promise<readonly [number | null, string]> => {
    const checked = await rig.pipeline('results', '--check').result;
    return [checked.code, checked.stdout];
  };
  expect(await check()).toEqual([0, 'results.json is up to date: 1 instance\n']);
  rig.write({ 'results.json': text.replace(/"key":"../, '"key":"00') });
  expect(await check()).toEqual([0, expect.stringContaining('from another platform')]);
  await rig.pipeline('run').result;
  rig.write({ 'results.json': text.replaceAll('0.25', '0.75') });
  expect(await check()).toEqual([
    1,
    expect.stringContaining('a  the metrics in the file differ from those of its result'),
  ]);
  rig.write(scored(0.5));
  expect(await check()).toEqual([1, expect.stringContaining('a  its manifest changed')]);
  rig.write({ 'results.json': '{"mine": 1}' });
  const refused = await rig.pipeline('results', '--write').result;
  expect([refused.code, rig.read('results.json')]).toEqual([2, '{"mine": 1}']);
});
