import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isGlob, matchesVisible } from '../../src/runner/pipeline-file/glob.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { globFiles } from '../../src/runner/workspace/glob-files.ts';

const paths = ['a', 'b.csv', '.h', 'd/a', 'd/b.csv', 'd/.h/a', 'd/e/a', 'd/e/b.csv', '.h2/a'];

function withTree(use: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), 'glob-'));
  for (const path of paths) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), '');
  }
  use(root);
  rmSync(root, { recursive: true });
}

test('the files of a pattern are those that match it, absolute or not', () => {
  withTree((root) => {
    const part = fc.constantFrom('*', '**', 'd', 'e', '.h', '.*', '?', '*.csv', 'a', '.h2');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), (parts) => {
        const pattern = parts.join('/');
        fc.pre(isGlob(pattern));
        // What ends in "**" means files in folders, never the folder's own path.
        const files = pattern.replace(/\*\*(\/\*\*)*$/, '**/*');
        const expected = paths.filter((path) => matchesVisible(files, path)).sort();
        const found = globFiles({ root, disk: workspaceDisk }, pattern, undefined);
        expect(found.ok && found.value.files).toEqual(expected);
        const absolute = globFiles(
          { root: '/nowhere', disk: workspaceDisk },
          `${root}/${pattern}`,
          undefined,
        );
        expect(absolute.ok && absolute.value.files).toEqual(expected.map((path) => `${root}/${path}`));
      }),
    );
  });
});
