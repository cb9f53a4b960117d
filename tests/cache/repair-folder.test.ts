import { lstatSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Digest, digestOf } from '../../src/files/digest.ts';
import { inParallel } from '../../src/runner/cache/in-parallel.ts';
import { storeObjects } from '../../src/runner/cache/objects.ts';
import { restoreOut } from '../../src/runner/cache/restore-out.ts';
import { serializeTree } from '../../src/runner/manifest/tree.ts';
import { readContent } from '../../src/runner/workspace/read-content.ts';
import { type BareWorkspace, bareWorkspace } from '../rig/bare-workspace.ts';
import { failingDisk, watchedDisk } from '../rig/disk-twins.ts';

type Made = Readonly<Record<string, 'file' | 'other' | 'link' | 'folder'>>;

/** Makes what can be made: a path below a file or a link is left out. */
function make(workspace: BareWorkspace, top: string, made: Made): void {
  rmSync(workspace.place(top), { recursive: true, force: true });
  mkdirSync(workspace.place(top));
  for (const [path, kind] of Object.entries(made)) {
    const place = workspace.place(`${top}/${path}`);
    try {
      mkdirSync(dirname(place), { recursive: true });
      if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) continue;
      if (kind === 'folder') mkdirSync(place);
      else if (kind === 'link') symlinkSync('x', place);
      else writeFileSync(place, kind === 'file' ? path : 'other');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && /ENOTDIR|EEXIST|ENOENT/.test(String(error.code))))
        throw error;
    }
  }
}

async function contentOf(workspace: BareWorkspace, path: string) {
  const found = await readContent(workspace, path, { links: 'keep' });
  if (!found.ok || found.value === undefined) throw new Error(`no ${path}`);
  return found.value;
}

const stored = async (workspace: BareWorkspace, file: string, digest: Digest): Promise<boolean> =>
  (await storeObjects(workspace, [{ digest, file, open: async () => undefined }])) === undefined;

/** Caches what stands in a folder; gives its content. */
async function cached(workspace: BareWorkspace, path: string) {
  const { items, content } = await contentOf(workspace, path);
  for (const item of items)
    if (item.kind === 'file') await stored(workspace, `${path}/${item.path}`, item.digest);
  const listing = serializeTree(items);
  await storeObjects(workspace, [{ digest: digestOf(listing), open: async () => [Buffer.from(listing)] }]);
  return content;
}

const names = fc.constantFrom('a', 'b', 'c', 'a/b', 'a/c', 'a/b/c', 'b/a', 'b/a/c', 'c/b');
const trees: fc.Arbitrary<Made> = fc.dictionary(
  names,
  fc.constantFrom('file' as const, 'other' as const, 'link' as const, 'folder' as const),
  { maxKeys: 8 },
);

test('a restored folder equals the cached one, whatever was in its place', async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, async (wanted, assessed) => {
      using workspace = bareWorkspace();
      make(workspace, 'd', wanted);
      const content = await cached(workspace, 'd');
      make(workspace, 'd', assessed);
      expect(await restoreOut(workspace, 'd', content)).toMatchObject({
        ok: true,
        value: { kind: 'restored' },
      });
      expect((await contentOf(workspace, 'd')).content).toEqual(content);
    }),
    { numRuns: 60 },
  );
});

const three: Made = { 'a/b': 'file', 'a/c': 'file', 'c/b': 'file' };

test('only differing files are written: the others keep their inodes', async () => {
  using workspace = bareWorkspace();
  make(workspace, 'd', three);
  const content = await cached(workspace, 'd');
  const before = ['a/b', 'c/b'].map((path) => statSync(workspace.place(`d/${path}`)).ino);
  writeFileSync(workspace.place('d/a/c'), 'edited');
  const copied: string[] = [];
  const disk = watchedDisk(({ name, paths }) => {
    if (name === 'copyHashed') copied.push(...paths.slice(0, 1));
  });
  expect(await restoreOut({ ...workspace, disk }, 'd', content)).toEqual({
    ok: true,
    value: { kind: 'restored', files: 1, bytes: 3 },
  });
  expect(copied).toHaveLength(1);
  expect(['a/b', 'c/b'].map((path) => statSync(workspace.place(`d/${path}`)).ino)).toEqual(before);
});

test('a repair that fails changes only differing files, and the next one completes it', async () => {
  using workspace = bareWorkspace();
  make(workspace, 'd', three);
  const content = await cached(workspace, 'd');
  const counts = ({ name }: { readonly name: string }): boolean =>
    ['copyHashed', 'rename', 'remove', 'makeFolder'].includes(name);
  let operations = Infinity;
  for (let nth = 0; nth < operations; nth++) {
    make(workspace, 'd', { 'a/b': 'file', 'a/c': 'other', b: 'file' });
    const { disk, count } = failingDisk(nth, 'EIO', counts);
    await restoreOut({ ...workspace, disk }, 'd', content);
    if (count() <= nth) operations = nth;
    expect(await restoreOut(workspace, 'd', content)).toMatchObject({
      ok: true,
      value: { kind: 'restored' },
    });
    expect((await contentOf(workspace, 'd')).content).toEqual(content);
  }
  expect(operations).toBeGreaterThan(5);
});

test('at most sixteen calls run in parallel, and none is running when a failure is reported', async () => {
  let running = 0;
  let most = 0;
  const started: number[] = [];
  const act = async (item: number): Promise<boolean> => {
    started.push(item);
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    if (item === 20) throw new Error('item 20');
    return true;
  };
  const items = Array.from({ length: 1000 }, (_, index) => index);
  await expect(inParallel(items, act)).rejects.toThrow('item 20');
  expect({ running, most }).toEqual({ running: 0, most: 16 });
  expect(started.length).toBeLessThan(60);
});
