import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { createRig } from '../rig/rig.ts';

test.each([
  [['--dry-run'], 'error: --watch and --dry-run exclude each other\n'],
  [
    ['--retry-failed'],
    'error: --watch and --retry-failed exclude each other: a watch retries a failed instance ' +
      'when something that it depends on changes\n',
  ],
  [['--wait'], 'error: --watch and --wait exclude each other: a watch always waits for other runs\n'],
  [['--wait', '5'], 'error: --watch and --wait exclude each other: a watch always waits for other runs\n'],
])('--watch with %j is refused with the reason', async (words, stderr) => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': { stages: { a: { cmd: 'true', outs: {} } } } });
  expect(await rig.pipeline('run', '--watch', ...words).result).toMatchObject({
    code: 2,
    stderr,
    stdout: '',
  });
});

test('a slow reader gets all results of a watch that was ended', async () => {
  await using rig = await createRig();
  const { main } = await programs();
  const names = Array.from({ length: 4000 }, (_, index) => `${'a-long-name-'.repeat(5)}${index}`);
  rig.write({
    'pipeline.yaml': {
      stages: {
        a: { cmd: 'exit 1', outs: { o: 'o' } },
        b: {
          matrix: { name: names },
          cmd: ['true', '${deps.o}'],
          deps: { o: { from: 'a', out: 'o' } },
          outs: { p: 'p' },
        },
      },
    },
  });
  const child = spawn(process.execPath, [main, 'run', '--watch', '--json'], {
    cwd: rig.root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let shown = '';
  for await (const chunk of child.stderr) {
    shown += String(chunk);
    if (shown.includes('waiting for changes')) break;
  }
  child.kill('SIGINT');
  let answers = '';
  for await (const chunk of child.stdout) answers += String(chunk);
  expect(JSON.parse(answers)).toMatchObject({ failed: ['a'], blocked: { length: names.length } });
});

test('a watch prints the tables and paths of results after every run that made some', async () => {
  await using rig = await createRig();
  rig.write({
    rows: 'one',
    'pipeline.yaml': {
      stages: {
        a: {
          cmd: 'cp ${deps.rows} ${outs.table}',
          deps: { rows: 'rows' },
          outs: { table: { path: 'scores.md', kind: 'table' } },
        },
      },
    },
  });
  const run = rig.pipeline('run', '--watch');
  await run.said('waiting for changes');
  rig.write({ rows: 'two' });
  await run.said('waiting for changes', 2);
  run.kill('SIGINT');
  const shown = (text: string): string => `${text}\n  table  artifacts/pipeline/a/scores.md\n`;
  expect((await run.result).stdout).toBe(shown('one') + shown('two'));
});
