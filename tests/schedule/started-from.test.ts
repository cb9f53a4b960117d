import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { readStart } from '../../src/runner/schedule/started-from.ts';

test('a commit that git finds after the run has ended is stored only by its end', async () => {
  const root = mkdtempSync(join(tmpdir(), 'repository-'));
  const git = (...words: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: root });
  git('init', '--quiet');
  git('commit', '--quiet', '--allow-empty', '--message', 'first');
  const onCommit = vi.fn();
  const start = readStart(root, 0);
  start.storeEarly(onCommit);
  // Its time has come, and it waits for git.
  await turn();
  await turn();
  start.stop();
  expect((await start.finish()).commit).toMatchObject({ isDirty: false });
  expect(onCommit).not.toHaveBeenCalled();
});
