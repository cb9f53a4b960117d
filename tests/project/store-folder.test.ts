import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

const pipeline = { stages: { a: { cmd: 'cp ${deps.x} ${outs.o}', deps: { x: 'x' }, outs: { o: 'o' } } } };

let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'local-disk-'));
});
afterEach(() => rmSync(disk, { recursive: true }));

const ran = async (rig: Rig): Promise<unknown> => (await rig.pipeline('run', '--json').result).json['ran'];

test('rows and lock are stored where the machine file sets it; objects stay in the project', async () => {
  await using rig = await createRig();
  await using other = await createRig();
  for (const each of [rig, other])
    each.write({ 'pipeline.yaml': pipeline, 'pipeline.machine.yaml': { store: disk }, x: '1' });
  expect(await ran(rig)).toEqual(['a']);
  expect(await ran(other)).toEqual(['a']);
  expect(await ran(rig)).toEqual([]);
  const folders = readdirSync(disk);
  expect(folders).toHaveLength(2);
  for (const folder of folders)
    expect(readdirSync(join(disk, folder))).toEqual(
      expect.arrayContaining(['lock.sqlite', 'pipeline.sqlite']),
    );
  expect(readdirSync(join(rig.root, 'cache')).filter((name) => name.includes('sqlite'))).toEqual([]);
  expect(rig.exists('cache/objects')).toBe(true);
  // The bytes that the cache has are hashed, not believed: a store that was emptied costs a run, no more.
  rmSync(disk, { recursive: true });
  expect(await ran(rig)).toEqual(['a']);
  expect((await rig.pipeline('verify', '--json').result).code).toBe(0);
});

test('a store inside the project is an error with its position', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': pipeline, 'pipeline.machine.yaml': { store: `${rig.root}/rows` }, x: '1' });
  const { code, stderr } = await rig.pipeline('run').result;
  expect(code).toBe(2);
  expect(stderr).toMatch(/pipeline\.machine\.yaml:1:\d+.*inside the project/);
  expect(rig.exists('rows')).toBe(false);
});

test('a store that is not an absolute path is an error before anything is created', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': pipeline, 'pipeline.machine.yaml': { store: 'scratch' }, x: '1' });
  const { code, stderr } = await rig.pipeline('run').result;
  expect(code).toBe(2);
  expect(stderr).toMatch(/pipeline\.machine\.yaml:1:\d+/);
  expect(stderr).toContain('an absolute folder, or one from ~/');
});
