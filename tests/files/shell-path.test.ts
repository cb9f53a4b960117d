import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { shellPath } from '../../src/files/shell-path.ts';

test.each(['plain-name', 'a/b.c', '-dash', '--', '-', 'c é x', '$HOME', '`x`', "it's", 'a"b', '~'])(
  'cd enters the folder %s',
  (path) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shell-path-')));
    try {
      mkdirSync(join(folder, path), { recursive: true });
      const command = `cd ${shellPath(path)} && pwd`;
      expect(execFileSync('/bin/sh', ['-c', command], { cwd: folder, encoding: 'utf8' })).toBe(
        `${join(folder, path)}\n`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
