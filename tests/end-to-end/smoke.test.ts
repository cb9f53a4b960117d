import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('a smoke run of the default experiment runs all stages and changes no result', () => {
  const run = (...words: readonly string[]): unknown =>
    JSON.parse(
      execFileSync('npx', ['--no-install', 'pipeline', ...words, '--json'], {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      }),
    );
  const before = run('status', '--all');
  expect(run('run', '--smoke')).toMatchObject({
    exitCode: 0,
    ran: { length: 46 },
    smoke: {
      small: ['data-format', 'train', 'eval', 'qualitative'],
      whole: ['collate', 'report'],
    },
  });
  expect(run('status', '--all')).toEqual(before);
});
