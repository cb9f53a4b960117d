import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';
import { openDatabase } from '../rig/open-database.ts';

/**
 * Pages in the middle of the rows are other bytes; its first page, which is looked at when it is opened, is
 * as it was.
 */
function spoilPages(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 8192, bytes.length);
  writeFileSync(file, bytes);
}

function newer(file: string): void {
  const database = openDatabase(file);
  database.pragma('user_version = 99');
  database.close();
}

describe('a damaged cache is reported by whatever reads it; nothing is guessed', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    rig.write({ 'pipeline.yaml': { stages: { a: { cmd: 'echo x > ${outs.o}', outs: { o: 'o' } } } } });
    await rig.pipeline('run').result;
    cpSync(join(rig.root, 'cache'), join(rig.root, '../right'), { recursive: true });
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  test.each<[string, (cache: string) => void, number]>([
    [
      'no database',
      (cache) => writeFileSync(`${cache}/pipeline.sqlite`, 'something else, and more of it than a header'),
      4,
    ],
    ['half of it', (cache) => truncateSync(`${cache}/pipeline.sqlite`, 20_000), 4],
    ['other bytes in its middle', (cache) => spoilPages(`${cache}/pipeline.sqlite`), 4],
    [
      'a folder in its place',
      (cache) => {
        rmSync(`${cache}/pipeline.sqlite`);
        mkdirSync(`${cache}/pipeline.sqlite`);
      },
      4,
    ],
    ['of a newer version', (cache) => newer(`${cache}/pipeline.sqlite`), 4],
    [
      'a file where the cache should be',
      (cache) => {
        rmSync(cache, { recursive: true });
        writeFileSync(cache, '');
      },
      1,
    ],
    [
      'a link to nowhere where the cache should be',
      (cache) => {
        rmSync(cache, { recursive: true });
        symlinkSync('/nowhere/at/all', cache);
      },
      1,
    ],
  ])('%s', async (_, damage, code) => {
    spoil(damage);
    for (const words of [['run'], ['status'], ['verify']]) {
      const { code: exit, stderr } = await rig.pipeline(...words).result;
      expect({ words, exit, said: /error: .*cache/.test(stderr), stack: /\n +at /.test(stderr) }).toEqual({
        words,
        exit: code,
        said: true,
        stack: false,
      });
    }
  });

  test.each<[string, (cache: string) => void]>([
    [
      'no database',
      (cache) => writeFileSync(`${cache}/lock.sqlite`, 'something else, and more of it than a header'),
    ],
    [
      'a folder',
      (cache) => {
        rmSync(`${cache}/lock.sqlite`);
        mkdirSync(`${cache}/lock.sqlite`);
      },
    ],
  ])('the lock is %s: readers read, and writers are told which file to remove', async (_, damage) => {
    spoil(damage);
    expect((await rig.pipeline('status').result).code).toBe(0);
    const run = await rig.pipeline('run').result;
    expect(run.code).toBe(4);
    expect(run.stderr).toContain('cache/lock.sqlite');
    rmSync(join(rig.root, 'cache/lock.sqlite'), { recursive: true });
    expect((await rig.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['a'] });
  });

  test('an empty database, as after a power failure, has no results', async () => {
    spoil((cache) => truncateSync(`${cache}/pipeline.sqlite`, 0));
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a'] });
  });

  function spoil(damage: (cache: string) => void): void {
    const cache = join(rig.root, 'cache');
    rmSync(cache, { recursive: true, force: true });
    cpSync(join(rig.root, '../right'), cache, { recursive: true });
    damage(cache);
  }
});
