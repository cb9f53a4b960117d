import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { walkTree } from '../../src/files/walk-tree.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function shown(root: string): Promise<unknown> {
  const walked = await walkTree(root);
  return (
    walked.ok &&
    walked.value.map((entry) =>
      Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'stats')),
    )
  );
}

test('files, execute bits, empty folders and links are listed in order of their names', async () => {
  await mkdir(join(folder, 'b/empty'), { recursive: true });
  await writeFile(join(folder, 'b-'), '');
  await writeFile(join(folder, 'b/z'), '');
  await writeFile(join(folder, 'a\nb'), '');
  await chmod(join(folder, 'b/z'), 0o755);
  await symlink('../nowhere', join(folder, 'b/link'));
  expect(await shown(folder)).toEqual([
    { kind: 'file', path: 'a\nb', executable: false },
    { kind: 'folder', path: 'b' },
    { kind: 'folder', path: 'b/empty' },
    { kind: 'symlink', path: 'b/link', target: '../nowhere' },
    { kind: 'file', path: 'b/z', executable: true },
    { kind: 'file', path: 'b-', executable: false },
  ]);
});

test('a link to the folder itself is not followed', async () => {
  await symlink('.', join(folder, 'self'));
  expect(await walkTree(folder)).toMatchObject({
    ok: true,
    value: [{ kind: 'symlink', path: 'self', target: '.' }],
  });
});

test('a name that is not UTF-8 is a problem', async () => {
  await writeFile(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), '');
  expect(await walkTree(folder)).toMatchObject({
    ok: false,
    error: { path: folder, message: expect.stringContaining('not UTF-8') },
  });
});

test('a pipe is a problem, and reading does not block on it', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  expect(await walkTree(folder)).toEqual({
    ok: false,
    error: { path: join(folder, 'pipe'), message: 'is not a file, folder or symbolic link' },
  });
});

test('a missing folder is a problem', async () => {
  expect(await walkTree(join(folder, 'none'))).toEqual({
    ok: false,
    error: { path: join(folder, 'none'), message: 'no such file or folder', code: 'ENOENT' },
  });
});
