import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileHints, isLeftOut } from '../../src/runner/watch/file-hints.ts';

test('results, the cache, packages and unfinished files give no hints; files of the user do', () => {
  const leftOut = [
    'artifacts/a/o',
    'cache/x',
    '.git/index',
    'node_modules/p/index.js',
    'lib/node_modules/p',
    'd/.partial-0123456789abcdef',
    'd/.partial-0123456789abcdef/model',
  ];
  const seen = [
    'pipeline.yaml',
    'd/artifacts/x',
    'my.cache/x',
    'd/rows.partial-1.csv',
    '.partial-rows/x',
    'stages/a.ts',
  ];
  expect([...leftOut, ...seen].filter((path) => isLeftOut('/project', join('/project', path)))).toEqual(
    leftOut,
  );
});

test('exhausted watches are reported once; hints still come', async () => {
  const root = fs.mkdtempSync(join(tmpdir(), 'hints-'));
  const { watch } = fs;
  fs.watch = () => {
    throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), {
      code: 'ENOSPC',
    });
  };
  syncBuiltinESMExports();
  const faults: string[] = [];
  const hints = fileHints(root, (message) => faults.push(message));
  try {
    for (const name of ['a', 'b', 'c']) fs.mkdirSync(join(root, name));
    hints.watchAlso([join(root, 'artifacts/a'), join(root, 'artifacts/b')], []);
    await hints.next(new AbortController().signal);
    expect(faults).toEqual(['ENOSPC: System limit for number of file watchers reached']);
  } finally {
    fs.watch = watch;
    syncBuiltinESMExports();
    await hints.close();
    fs.rmSync(root, { recursive: true });
  }
});
