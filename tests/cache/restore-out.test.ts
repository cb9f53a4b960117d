import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Digest, digestOf } from '../../src/files/digest.ts';
import { serializeTree } from '../../src/runner/manifest/tree.ts';
import { objectPath, objectState, storeObjects } from '../../src/runner/cache/objects.ts';
import { readContent } from '../../src/runner/workspace/read-content.ts';
import { restoreOut as restore } from '../../src/runner/cache/restore-out.ts';
import { openScratch, originOf } from '../../src/runner/workspace/scratch.ts';
import { parseStamp } from '../../src/runner/workspace/stamp.ts';
import { parseKey } from '../../src/runner/manifest/key-of.ts';
import { recordWritten } from '../../src/runner/workspace/written.ts';
import { type BareWorkspace, bareWorkspace } from '../rig/bare-workspace.ts';
import { failingDisk } from '../rig/disk-twins.ts';

const stored = async (workspace: BareWorkspace, file: string, digest: Digest): Promise<boolean> =>
  (await storeObjects(workspace, [{ digest, file, open: async () => undefined }])) === undefined;

/** Files a folder with all that a folder can hold; gives its content. */
async function storedFolder(workspace: BareWorkspace) {
  workspace.write({ 'd/a': 'a', 'd/sub/run': '#!/bin/sh\n' });
  chmodSync(workspace.place('d/sub/run'), 0o755);
  mkdirSync(workspace.place('d/empty'));
  symlinkSync('sub/run', workspace.place('d/l'));
  const found = await readContent(workspace, 'd', { links: 'keep' });
  if (!found.ok || found.value === undefined) throw new Error('no folder');
  for (const item of found.value.items)
    if (item.kind === 'file') await stored(workspace, `d/${item.path}`, item.digest);
  const listing = serializeTree(found.value.items);
  await storeObjects(workspace, [{ digest: digestOf(listing), open: async () => [Buffer.from(listing)] }]);
  return found.value.content;
}

describe('invariant 4: restoring is exact', () => {
  test('replaces whatever is in its place, with modes, links and empty folders as they were', async () => {
    using workspace = bareWorkspace();
    const content = await storedFolder(workspace);
    for (const before of ['nothing', 'file', 'folder', 'link'] as const) {
      rmSync(workspace.place('e'), { recursive: true, force: true });
      if (before === 'file') writeFileSync(workspace.place('e'), 'x');
      if (before === 'folder') workspace.write({ 'e/a': 'old', 'e/older': 'x', 'e/sub/x': '' });
      if (before === 'link') symlinkSync('d', workspace.place('e'));
      expect(await restore(workspace, 'e', content)).toEqual({
        ok: true,
        value: { kind: 'restored', files: 2, bytes: 11 },
      });
      const again = await readContent(workspace, 'e', { links: 'keep' });
      expect(again.ok && again.value?.content).toEqual(content);
      expect(readlinkSync(workspace.place('e/l'))).toBe('sub/run');
      expect(statSync(workspace.place('e/sub/run')).mode & 0o777).toBe(0o755);
      expect(statSync(workspace.place('e/a')).mode & 0o777).toBe(0o644);
      expect(readdirSync(workspace.root).filter((name) => name.startsWith('.'))).toEqual([]);
    }
  });

  test('a wrong byte in the cache is found while restoring; what was in place stays', async () => {
    using workspace = bareWorkspace();
    const content = await storedFolder(workspace);
    workspace.write({ e: 'what stood there' });
    const object = workspace.place(objectPath(digestOf('a')));
    chmodSync(object, 0o644);
    writeFileSync(object, 'b');
    expect(await restore(workspace, 'e', content)).toEqual({
      ok: true,
      value: { kind: 'damaged', object: digestOf('a'), path: 'e/a' },
    });
    expect(readFileSync(workspace.place('e'), 'utf8')).toBe('what stood there');
    expect(await objectState(workspace, digestOf('a'))).toBe('damaged');
  });

  test('on a full disk what was in place stays, and no unfinished file is left beside it', async () => {
    using whole = bareWorkspace();
    const content = await storedFolder(whole);
    whole.write({ e: 'what stood there' });
    const workspace = { ...whole, disk: failingDisk(1, 'ENOSPC', ({ name }) => name === 'copyHashed').disk };
    const restored = await restore(workspace, 'e', content);
    expect(restored.ok ? '' : restored.error.message).toContain('no space left');
    expect(readFileSync(whole.place('e'), 'utf8')).toBe('what stood there');
    expect(readdirSync(whole.root).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('files that the runner wrote are read again only after a change', async () => {
    using workspace = bareWorkspace();
    const content = await storedFolder(workspace);
    await restore(workspace, 'e', content);
    writeFileSync(workspace.place('e/a'), 'b');
    await recordWritten(workspace);
    expect(workspace.rows.has('e/sub/run')).toBe(true);
    expect(workspace.rows.has('e/a')).toBe(false);
  });
});

describe('objects', () => {
  test('a file whose bytes do not match its digest is never stored', async () => {
    using workspace = bareWorkspace();
    workspace.write({ a: 'b' });
    expect(await stored(workspace, 'a', digestOf('a'))).toBe(false);
    expect(await objectState(workspace, digestOf('a'))).toBe('missing');
    expect(readdirSync(workspace.place(`cache/objects/${digestOf('a').slice(0, 2)}`))).toEqual([]);
  });

  test('a damaged object is replaced; an intact one is left alone', async () => {
    using workspace = bareWorkspace();
    workspace.write({ a: 'a' });
    await stored(workspace, 'a', digestOf('a'));
    const object = workspace.place(objectPath(digestOf('a')));
    const { ino } = statSync(object);
    expect(statSync(object).mode & 0o777).toBe(0o444);
    await stored(workspace, 'a', digestOf('a'));
    expect(statSync(object).ino).toBe(ino);
    chmodSync(object, 0o644);
    writeFileSync(object, 'x');
    expect(await stored(workspace, 'a', digestOf('a'))).toBe(true);
    expect(readFileSync(object, 'utf8')).toBe('a');
  });
});

const origin = (time: number) => {
  const stamp = parseStamp(`1:2:3:4:${time}`);
  if (stamp === undefined) throw new Error('no stamp');
  return originOf(new Map([['rows', stamp]]));
};

describe('invariant 11: scratch', () => {
  const key =
    parseKey(digestOf('some manifest')) ??
    (() => {
      throw new Error('no key');
    })();

  test('is reused for the same inputs, and empty for others', async () => {
    using workspace = bareWorkspace();
    expect(await openScratch(workspace, key, origin(1))).toEqual({ ok: true, value: false });
    workspace.write({ [`cache/scratch/${key}/checkpoint`]: 'step 7' });
    expect(await openScratch(workspace, key, origin(1))).toEqual({ ok: true, value: true });
    // Edited and put back: the same content, another change time.
    expect(await openScratch(workspace, key, origin(2))).toEqual({ ok: true, value: false });
    expect(readdirSync(workspace.place(`cache/scratch/${key}`))).toEqual([]);
  });

  test('without a record is removed', async () => {
    using workspace = bareWorkspace();
    workspace.write({ [`cache/scratch/${key}/checkpoint`]: 'of what?' });
    expect(await openScratch(workspace, key, origin(1))).toEqual({ ok: true, value: false });
  });
});
