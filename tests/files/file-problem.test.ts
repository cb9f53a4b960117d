import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileProblem } from '../../src/files/file-problem.ts';

test('a file in place of a folder is reported as such', () => {
  const folder = mkdtempSync(join(tmpdir(), 'problem-'));
  const place = join(folder, 'cache');
  writeFileSync(place, '');
  const failed = (() => {
    try {
      mkdirSync(place, { recursive: true });
      return undefined;
    } catch (error) {
      return fileProblem(place, error);
    }
  })();
  rmSync(folder, { recursive: true });
  expect(failed).toEqual({ path: place, message: 'is a file where a folder is needed', code: 'EEXIST' });
});
