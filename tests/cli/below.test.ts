import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { commandHere } from '../rig/command-here.ts';
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
  const answer = async (folder: string, ...words: readonly string[]): Promise<unknown> => {
    const cwd = join(rig.root, folder);
    const command = commandHere(dirname(main), ['run', '--json', ...words], { cwd });
    await command.code;
    return JSON.parse(command.stdout.text);
  };
  expect(await answer('experiments/deep')).toMatchObject({ ran: ['a'] });
  expect(await answer('')).toMatchObject({ 'up-to-date': ['a'] });
  expect(await answer('experiments/deep', '-f', '../other.yaml')).toMatchObject({ restored: ['a'] });
  expect(await answer('experiments', '-f', 'other.yaml')).toMatchObject({ 'up-to-date': ['a'] });
  expect(rig.read('artifacts/other/a/o')).toBe('x');
});
