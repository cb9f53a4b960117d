import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/files/digest.ts';
import { treeDigest } from '../../src/runner/manifest/tree.ts';
import { type Found, readContent } from '../../src/runner/workspace/read-content.ts';
import { readUntil, type Workspace } from '../../src/runner/workspace/workspace.ts';
import { type BareWorkspace, bareWorkspace, later } from '../rig/bare-workspace.ts';
import { type DiskCall, watchedDisk } from '../rig/disk-twins.ts';

async function found(
  workspace: Workspace,
  path: string,
  links: 'follow' | 'keep' = 'follow',
): Promise<Found> {
  const read = await readContent(workspace, path, { links });
  if (!read.ok || read.value === undefined)
    throw new Error(read.ok ? `${path} is not there` : read.error.message);
  return read.value;
}
const contentOf = async (workspace: Workspace, path: string): Promise<string> =>
  JSON.stringify((await found(workspace, path)).content);

/** Files that were read, not just looked at. */
function counting(): { readonly workspace: BareWorkspace; readonly hashed: () => number } {
  const calls: DiskCall[] = [];
  const workspace = bareWorkspace(watchedDisk((call) => calls.push(call)));
  return { workspace, hashed: () => calls.filter(({ name }) => name === 'digest').length };
}

test('reading a large file stops when it is cancelled: reported, and nothing is remembered', async () => {
  using workspace = bareWorkspace();
  workspace.write({ large: 'x'.repeat(4 << 20) });
  const stop = new AbortController();
  workspace.clock = later();
  const read = readContent(readUntil(workspace, stop.signal), 'large', { links: 'follow' });
  stop.abort();
  expect(await read).toEqual({
    ok: false,
    error: { path: 'large', message: 'it could not be read to the end', code: 'ECANCELED' },
  });
  expect(workspace.stats.find('large')).toBeUndefined();
});

describe('content', () => {
  test('a file is its bytes, an executable one differs, a folder is its listing', async () => {
    using workspace = bareWorkspace();
    workspace.write({ 'd/b': 'b', 'd/a/c': 'c', x: 'b' });
    mkdirSync(workspace.place('d/empty'));
    symlinkSync('a/c', workspace.place('d/l'));
    expect((await found(workspace, 'x')).content).toEqual({ form: 'file', digest: digestOf('b') });
    chmodSync(workspace.place('x'), 0o755);
    expect((await found(workspace, 'x')).content).toEqual({ form: 'executable', digest: digestOf('b') });
    const { content, files, bytes } = await found(workspace, 'd');
    expect(content).toEqual({
      form: 'folder',
      digest: treeDigest([
        { kind: 'file', path: 'a/c', executable: false, digest: digestOf('c') },
        { kind: 'file', path: 'b', executable: false, digest: digestOf('b') },
        { kind: 'empty-folder', path: 'empty' },
        { kind: 'symlink', path: 'l', target: 'a/c' },
      ]),
    });
    expect({ files, bytes }).toEqual({ files: 2, bytes: 2 });
    expect(await readContent(workspace, 'absent', { links: 'follow' })).toEqual({
      ok: true,
      value: undefined,
    });
  });

  test('names differ by case, by Unicode form, by every byte', async () => {
    using workspace = bareWorkspace();
    const seen = new Set<string>();
    for (const name of ['a', 'A', '\u00e9', 'e\u0301', 'a b', 'a"b', 'a\nb', '-a', '$(a)']) {
      rmSync(workspace.place('d'), { recursive: true, force: true });
      workspace.write({ [`d/${name}`]: 'x' });
      seen.add(await contentOf(workspace, 'd'));
    }
    expect(seen.size).toBe(9);
  });

  test('a link that leads out counts by its target where read, and by its text where kept', async () => {
    using workspace = bareWorkspace();
    workspace.write({ 'd/in': 'x', 'out/file': 'one', 'out/folder/deep': 'two' });
    symlinkSync('../out/file', workspace.place('d/file'));
    symlinkSync(workspace.place('out/folder'), workspace.place('d/folder'));
    symlinkSync('nowhere', workspace.place('d/dangling'));
    const [read, kept] = [await found(workspace, 'd'), await found(workspace, 'd', 'keep')];
    expect(read.items.map(({ path }) => path).sort()).toEqual(['dangling', 'file', 'folder/deep', 'in']);
    expect(kept.leaving).toEqual(['d/file', 'd/folder']);
    workspace.write({ 'out/folder/deep': 'changed' });
    expect((await found(workspace, 'd')).content).not.toEqual(read.content);
    expect((await found(workspace, 'd', 'keep')).content).toEqual(kept.content);
    expect((await found(workspace, 'd')).stamps.get('d/folder/deep')).not.toBe(
      read.stamps.get('d/folder/deep'),
    );
    expect(read.stamps.has(workspace.place('out/file'))).toBe(true);
  });

  test.each<[string, (workspace: BareWorkspace) => void, string]>([
    [
      'a pipe',
      (workspace) => execFileSync('mkfifo', [workspace.place('d/pipe')]),
      'is not a file, folder or symbolic link',
    ],
    [
      'links in a cycle',
      (workspace) => {
        mkdirSync(workspace.place('e'));
        symlinkSync('../e', workspace.place('d/e'));
        symlinkSync('../e', workspace.place('e/e'));
      },
      'folder that contains it',
    ],
    [
      'a name that is not UTF-8',
      (workspace) =>
        writeFileSync(
          Buffer.concat([Buffer.from(`${workspace.place('d')}/`), Buffer.from([0xff, 0x61])]),
          '',
        ),
      'is not UTF-8',
    ],
  ])('%s is refused with a message', async (_, make, message) => {
    using workspace = bareWorkspace();
    mkdirSync(workspace.place('d'));
    make(workspace);
    const read = await readContent(workspace, 'd', { links: 'follow' });
    expect(read.ok ? '' : read.error.message).toContain(message);
  });
});

describe('invariant 5: the stat cache', () => {
  test('a settled file is read once', async () => {
    const { workspace, hashed } = counting();
    using _ = workspace;
    workspace.write({ 'd/a': 'a', 'd/b': 'b' });
    workspace.clock = later();
    const first = await contentOf(workspace, 'd');
    expect(await contentOf(workspace, 'd')).toBe(first);
    expect(hashed()).toBe(2);
  });

  test('a file too recent for its timestamp is read each time', async () => {
    const { workspace, hashed } = counting();
    using _ = workspace;
    workspace.write({ a: 'a' });
    workspace.clock = statSync(workspace.place('a'), { bigint: true }).ctimeNs;
    await contentOf(workspace, 'a');
    await contentOf(workspace, 'a');
    expect(hashed()).toBe(2);
    expect(workspace.rows.size).toBe(0);
  });

  test('a time in the future, as after the clock was set back, is never trusted', async () => {
    const { workspace, hashed } = counting();
    using _ = workspace;
    workspace.write({ a: 'a' });
    utimesSync(workspace.place('a'), new Date('2100-01-01'), new Date('2100-01-01'));
    await contentOf(workspace, 'a');
    await contentOf(workspace, 'a');
    expect(hashed()).toBe(2);
  });

  test('on a file system with second resolution a file is settled after two seconds', async () => {
    const { workspace } = counting();
    using _ = workspace;
    workspace.write({ a: 'a' });
    const disk = workspace.disk;
    const coarse = (path: string) => {
      const stats = disk.lstat(path);
      if (stats !== undefined)
        Object.assign(stats, {
          mtimeNs: (stats.mtimeNs / 1_000_000_000n) * 1_000_000_000n,
          ctimeNs: (stats.ctimeNs / 1_000_000_000n) * 1_000_000_000n,
        });
      return stats;
    };
    const old = { ...workspace, disk: { ...disk, lstat: coarse, stat: coarse } };
    const changed = statSync(workspace.place('a'), { bigint: true }).ctimeNs;
    await found({ ...old, now: () => changed + 1_000_000_000n }, 'a');
    expect(workspace.rows.size).toBe(0);
    await found({ ...old, now: () => changed + 3_000_000_000n }, 'a');
    expect(workspace.rows.size).toBe(1);
  });

  test.each<[string, (workspace: BareWorkspace) => void]>([
    [
      'edited, its size and time put back',
      (workspace) => {
        const { atime, mtime } = statSync(workspace.place('a'));
        writeFileSync(workspace.place('a'), 'b');
        utimesSync(workspace.place('a'), atime, mtime);
      },
    ],
    [
      'replaced by rename, its size and time as before',
      (workspace) => {
        const { atime, mtime } = statSync(workspace.place('a'));
        writeFileSync(workspace.place('new'), 'b');
        utimesSync(workspace.place('new'), atime, mtime);
        renameSync(workspace.place('new'), workspace.place('a'));
      },
    ],
    [
      'replaced by a link',
      (workspace) => {
        writeFileSync(workspace.place('other'), 'b');
        rmSync(workspace.place('a'));
        symlinkSync('other', workspace.place('a'));
      },
    ],
  ])('a file %s is noticed', async (_, edit) => {
    using workspace = bareWorkspace();
    workspace.write({ a: 'a' });
    workspace.clock = later();
    await found(workspace, 'a');
    edit(workspace);
    expect((await found(workspace, 'a')).content.digest).toBe(digestOf('b'));
  });

  test('times beyond 2^53 nanoseconds differ by single ones', async () => {
    const { stampOf } = await import('../../src/runner/workspace/stamp.ts');
    const stats = statSync('.', { bigint: true });
    expect(stampOf(Object.assign(stats, { mtimeNs: 1_800_000_000_123_456_789n }))).not.toBe(
      stampOf(Object.assign(stats, { mtimeNs: 1_800_000_000_123_456_788n })),
    );
  });

  test('20,000 files: each is read once, and then only its stat', async () => {
    const calls: DiskCall[] = [];
    using workspace = bareWorkspace(watchedDisk((call) => calls.push(call)));
    for (let folder = 0; folder < 20; folder++) {
      mkdirSync(workspace.place(`d/${folder}`), { recursive: true });
      for (let file = 0; file < 1000; file++)
        writeFileSync(workspace.place(`d/${folder}/${file}`), `${file}`);
    }
    workspace.clock = later();
    const first = await found(workspace, 'd');
    expect(first.files).toBe(20_000);
    expect(calls.filter(({ name }) => name === 'digest')).toHaveLength(20_000);
    calls.length = 0;
    expect((await found(workspace, 'd')).content).toEqual(first.content);
    expect(calls.filter(({ name }) => name === 'digest')).toEqual([]);
    expect(calls.filter(({ name }) => name === 'lstat' || name === 'stat').length).toBeLessThanOrEqual(
      20_000 + 21,
    );
  });
});
