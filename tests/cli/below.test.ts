import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { createRig } from '../rig/rig.ts';

test('paths in the file are from the project root, a named file is from the current folder', async () => {
  await using rig = await createRig();
  const { main } = await programs();
  const copying = {
    stages: { a: { cmd: ['cp', '${deps.x}', '${outs.o}'], deps: { x: 'data/x' }, outs: { o: 'o' } } },
  };
  rig.write({
    'data/x': 'x',
    'pipeline.yaml': copying,
    'experiments/other.yaml': { ...copying, name: 'other' },
  });
  mkdirSync(join(rig.root, 'experiments/deep'));
  const answer = (folder: string, ...words: readonly string[]): unknown =>
    JSON.parse(
      execFileSync(process.execPath, [main, 'run', '--json', ...words], {
        cwd: join(rig.root, folder),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
  expect(answer('experiments/deep')).toMatchObject({ ran: ['a'] });
  expect(answer('')).toMatchObject({ 'up-to-date': ['a'] });
  expect(answer('experiments/deep', '-f', '../other.yaml')).toMatchObject({ restored: ['a'] });
  expect(answer('experiments', '-f', 'other.yaml')).toMatchObject({ 'up-to-date': ['a'] });
  expect(rig.read('artifacts/other/a/o')).toBe('x');
});
