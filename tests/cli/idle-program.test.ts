import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, install, type Installation, pipelineProcess } from './installation.ts';
import { openDatabase } from '../rig/open-database.ts';

let installation: Installation;
let caches: string;
let kept: string;
let compiled: readonly (readonly [name: string, code: Buffer])[];

beforeAll(async () => {
  installation = await install();
  writeFileSync(
    join(installation.folder, 'pipeline.yaml'),
    'stages: { a: { cmd: "echo 1 > ${outs.o}", outs: { o: o } } }\n',
  );
  caches = join(installation.folder, 'caches');
  kept = join(caches, 'medical-qa-pipeline');
  await untilRemembered();
  rmSync(caches, { recursive: true });
  await idle();
  compiled = readdirSync(kept).map((name) => [name, readFileSync(join(kept, name))]);
});
afterAll(() => installation[Symbol.dispose]());

/** The compiled code of the run that has nothing to do. */
beforeEach(() => {
  rmSync(caches, { recursive: true, force: true });
  mkdirSync(kept, { recursive: true, mode: 0o700 });
  for (const [name, code] of compiled) writeFileSync(join(kept, name), code, { mode: 0o600 });
});

const run = (words: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  pipelineProcess(installation, ['run', ...words], { env: { XDG_CACHE_HOME: caches, ...env } });

/** A run that has nothing to do, and says so. */
async function idle(env: NodeJS.ProcessEnv = {}): Promise<void> {
  expect(await run([], env)).toMatchObject({ code: 0, stderr: expect.stringMatching(/^✓ /) });
}

/** What was just written is too young to be told by its stamp: some runs look before one remembers. */
async function untilRemembered(): Promise<void> {
  do expect(await run()).toMatchObject({ code: 0 });
  while (!isRemembered());
}

function isRemembered(): boolean {
  const database = openDatabase(join(installation.folder, 'cache/pipeline.sqlite'));
  try {
    return Number(database.prepare("SELECT count(*) FROM idle WHERE record <> ''").pluck().get()) > 0;
  } finally {
    database.close();
  }
}

/** The files of JavaScript and machine code that a run opens, from the folder of the installation. */
async function opened(words: readonly string[] = []): Promise<readonly string[]> {
  const list = join(installation.folder, 'opened.txt');
  const preload = join(installation.folder, 'preload.cjs');
  const hooks = `import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      if (url.startsWith('file:')) appendFileSync(${JSON.stringify(list)}, new URL(url).pathname + '\\n');
      return next(url, context);
    }`;
  writeFileSync(
    preload,
    `require('node:module').register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});
    process.on('exit', () => {
      const files = Object.keys(require.cache).filter((file) => file !== __filename);
      require('node:fs').appendFileSync(${JSON.stringify(list)}, files.map((file) => file + '\\n').join(''));
    });`,
  );
  writeFileSync(list, '');
  await run(words, { NODE_OPTIONS: `--require ${preload}` });
  const { root } = installation;
  return [...new Set(readFileSync(list, 'utf8').trim().split('\n'))]
    .map((file) => relative(root, file))
    .sort();
}

const code = (): readonly string[] => (existsSync(kept) ? readdirSync(kept) : []);

describe('a run with nothing to do', () => {
  test("loads one module and SQLite's native one; idle.cjs is read as text", async () => {
    const files = await opened();
    expect(files.filter((file) => !file.endsWith('better_sqlite3.node'))).toEqual(['dist/main.js']);
    expect(files).toHaveLength(2);
  });

  test('with an event file is recognized by the full command line too', async () => {
    const events = join(installation.folder, 'events');
    expect(await run(['--events', events])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('everything is up to date'),
    });
    expect(readFileSync(events, 'utf8')).toContain('"found-in-place"');
  });

  test('prints one document with --json', async () => {
    const { code: exit, stdout } = await run(['--json']);
    expect({ exit, ...JSON.parse(stdout) }).toMatchObject({
      exit: 0,
      version: 1,
      'up-to-date': ['a'],
      ran: [],
    });
  });

  test('an unknown option is reported by the full command line', async () => {
    expect(await run(['--lots'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--lots') });
  });

  test('is a normal run after any change', async () => {
    rmSync(join(installation.folder, 'artifacts'), { recursive: true });
    expect(await run()).toMatchObject({ code: 0, stderr: expect.stringContaining('restored') });
    await untilRemembered();
  });
});

describe('compiled code', () => {
  test("is kept in the user's cache folder, readable by the user alone, and nowhere else", async () => {
    rmSync(caches, { recursive: true });
    await idle();
    expect(statSync(kept).mode & 0o777).toBe(0o700);
    expect(code()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.code$/)]);
    expect(statSync(join(kept, code()[0] ?? '')).mode & 0o777).toBe(0o600);
  });

  test('is used unchanged, and written once', async () => {
    const file = join(kept, code()[0] ?? '');
    const { mtimeMs, ino } = statSync(file);
    await idle();
    expect(statSync(file)).toMatchObject({ mtimeMs, ino });
  });

  test.each([
    ['is cut off', (file: string) => truncateSync(file, 1000)],
    ['is empty', (file: string) => truncateSync(file, 0)],
    ['has another byte', (file: string) => writeFileSync(file, flipped(readFileSync(file)))],
  ])('that %s is compiled again', async (_, damage) => {
    const file = join(kept, code()[0] ?? '');
    const whole = readFileSync(file).length;
    damage(file);
    await idle();
    expect(readFileSync(file).length).toBeGreaterThan(whole / 2);
    const { ino } = statSync(file);
    await idle();
    expect(statSync(file).ino).toBe(ino);
  });

  test('is neither used nor written in a folder that others can write to', async () => {
    rmSync(join(kept, code()[0] ?? ''));
    chmodSync(kept, 0o777);
    await idle();
    expect(code()).toEqual([]);
  });

  test('is not used where the folder cannot be created or is unknown', async () => {
    rmSync(caches, { recursive: true });
    writeFileSync(caches, 'a file');
    await idle();
    expect(readFileSync(caches, 'utf8')).toBe('a file');
    await idle({ XDG_CACHE_HOME: '', HOME: '/nowhere/at/all' });
    expect(existsSync('/nowhere')).toBe(false);
    await idle({ XDG_CACHE_HOME: 'relative', HOME: 'relative' });
    expect(existsSync(join(installation.folder, 'relative'))).toBe(false);
  });

  test('of earlier versions is removed when old; files of others stay', async () => {
    const [current] = code();
    const old = new Date(Date.now() - 100 * 24 * 3600 * 1000);
    for (const name of [`${'0'.repeat(32)}.code`, 'notes.txt']) {
      writeFileSync(join(kept, name), '');
      utimesSync(join(kept, name), old, old);
    }
    rmSync(join(kept, current ?? ''));
    await idle();
    expect(code()).toEqual([expect.stringMatching(/^[0-9a-f]{32}\.code$/), 'notes.txt']);
    expect(code()[0]).not.toBe(`${'0'.repeat(32)}.code`);
  });

  test('is kept for 64 programs at most: the oldest is removed', async () => {
    const [current] = code();
    for (let age = 1; age <= 64; age += 1) {
      const file = join(kept, `${String(age).padStart(32, '0')}.code`);
      const time = new Date(Date.now() - age * 60_000);
      writeFileSync(file, '');
      utimesSync(file, time, time);
    }
    rmSync(join(kept, current ?? ''));
    await idle();
    expect(code()).toHaveLength(64);
    expect(code()).not.toContain(`${'64'.padStart(32, '0')}.code`);
    expect(code()).toContain(`${'63'.padStart(32, '0')}.code`);
  });

  test('is kept for and used by the other commands too', async () => {
    const status = (): Promise<Ended> =>
      pipelineProcess(installation, ['status'], { env: { XDG_CACHE_HOME: caches } });
    const [ofIdle] = code();
    const first = await status();
    const [ofStatus = ''] = code().filter((name) => name !== ofIdle);
    const { ino } = statSync(join(kept, ofStatus));
    expect(await status()).toEqual(first);
    expect(statSync(join(kept, ofStatus)).ino).toBe(ino);
    await pipelineProcess(installation, ['history'], { env: { XDG_CACHE_HOME: caches } });
    expect(code()).toHaveLength(3);
  });

  test('is not kept for unknown commands, nor for --help', async () => {
    for (const words of [['statis'], ['status', '--all-of-it'], ['status', '--help'], ['--version']])
      await pipelineProcess(installation, words, { env: { XDG_CACHE_HOME: caches } });
    expect(code()).toHaveLength(1);
  });
});

function flipped(bytes: Buffer): Buffer {
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return bytes;
}
