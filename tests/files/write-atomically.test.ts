import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Disk, realDisk } from '../../src/files/disk.ts';
import { type FileProblem, SourceFailed } from '../../src/files/file-problem.ts';
import {
  isPartialName,
  writeFileAtomically,
  writeFolderAtomically,
} from '../../src/files/write-atomically.ts';
import type { Result } from '../../src/result.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The real disk, writing down its calls; partial names are reported as "*". */
function recorded(): { readonly disk: Disk; readonly calls: string[] } {
  const calls: string[] = [];
  const disk: Disk = {
    create: (path, content) => (calls.push(`create ${named(path)}`), realDisk.create(path, content)),
    sync: (path) => (calls.push(`sync ${named(path)}`), realDisk.sync(path)),
    rename: (from, to) => (calls.push(`rename ${named(from)} ${named(to)}`), realDisk.rename(from, to)),
    remove: (path) => (calls.push(`remove ${named(path)}`), realDisk.remove(path)),
  };
  return { disk, calls };
}

const named = (path: string): string =>
  path
    .slice(folder.length)
    .split('/')
    .map((part) => (isPartialName(part) ? '*' : part))
    .join('/');

test('a file is synced before its rename, and the rename before the call returns', async () => {
  const { disk, calls } = recorded();
  expect(await writeFileAtomically(join(folder, 'a'), 'text', disk)).toEqual({ ok: true, value: undefined });
  expect(calls).toEqual(['create /*', 'sync /*', 'rename /* /a', 'sync ']);
});

test('parent folders that were created are synced too', async () => {
  const { disk, calls } = recorded();
  await writeFileAtomically(join(folder, 'x/y/a'), 'text', disk);
  expect(calls.slice(0, 2)).toEqual(['sync /x', 'sync ']);
});

test('every file and folder below a new folder is synced before its rename', async () => {
  const { disk, calls } = recorded();
  const written = await writeFolderAtomically(
    join(folder, 'model'),
    async (partial) => {
      await mkdir(join(partial, 'deep/empty'), { recursive: true });
      await writeFile(join(partial, 'deep/file'), 'x');
      return { ok: true, value: undefined };
    },
    disk,
  );
  expect(written.ok).toBe(true);
  expect(calls).toEqual([
    'sync /*/deep',
    'sync /*/deep/empty',
    'sync /*/deep/file',
    'sync /*',
    'rename /* /model',
    'sync ',
  ]);
});

test.each(['create', 'sync', 'rename'] as const)(
  'when %s fails the old content stays and nothing else is left',
  async (operation) => {
    const path = join(folder, 'a');
    await writeFile(path, 'old');
    const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
    const written = await writeFileAtomically(path, 'new', {
      ...realDisk,
      [operation]: () => Promise.reject(full),
    });
    expect(written).toEqual({
      ok: false,
      error: { path, message: 'no space left on the device', code: 'ENOSPC' },
    });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a']);
  },
);

function* failing(): Generator<Uint8Array> {
  yield Buffer.from('half');
  throw new RangeError('bug');
}

test("a source that fails half-way leaves no file, and its error is not the disk's", async () => {
  await expect(writeFileAtomically(join(folder, 'a'), failing())).rejects.toThrow('bug');
  expect(await readdir(folder)).toEqual([]);
});

test('a problem of the content source is returned', async () => {
  const error = { path: 'source', message: 'ends early' };
  expect(await writeFileAtomically(join(folder, 'a'), lacking(error))).toEqual({ ok: false, error });
  expect(await readdir(folder)).toEqual([]);
});

function* lacking(problem: FileProblem): Generator<Uint8Array> {
  yield Buffer.from('half');
  throw new SourceFailed(problem);
}

test('a folder whose filling fails does not appear, and the reason is returned', async () => {
  const error = { path: 'x', message: 'because' };
  expect(await writeFolderAtomically(join(folder, 'model'), async () => ({ ok: false, error }))).toEqual({
    ok: false,
    error,
  });
  expect(await readdir(folder)).toEqual([]);
});

async function fill(partial: string): Promise<Result<void, FileProblem>> {
  await writeFile(join(partial, 'new'), '');
  return { ok: true, value: undefined };
}

test('a folder replaces an empty one, and nothing else', async () => {
  const path = join(folder, 'model');
  await mkdir(path);
  expect((await writeFolderAtomically(path, fill)).ok).toBe(true);
  expect(await writeFolderAtomically(path, fill)).toEqual({
    ok: false,
    error: { path, message: 'exists already', code: 'ENOTEMPTY' },
  });
  expect(await readdir(folder)).toEqual([basename(path)]);
});

test('pieces are written in their order', async () => {
  await writeFileAtomically(join(folder, 'a'), [Buffer.from('a'), Buffer.from('b')]);
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('ab');
});

test.skipIf(process.platform !== 'linux')(
  'where folders cannot be created, the write fails at once',
  async () => {
    expect(await writeFileAtomically('/proc/none/of/these/file', 'x')).toMatchObject({ ok: false });
  },
);
