import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diskFinding, diskOf } from '../../src/cli/doctor/disk-space.ts';
import { behaviourFinding, behaviourOf } from '../../src/cli/doctor/file-system.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { nodeFinding } from '../../src/cli/doctor/node-version.ts';
import { install, type Installation, pipeline, pipelineProcess, run } from './installation.ts';
import { openDatabase } from '../rig/open-database.ts';

let installation: Installation;
beforeAll(async () => {
  installation = await install();
});
afterAll(() => installation[Symbol.dispose]());

interface Report {
  readonly code: number;
  readonly broken: number;
  readonly finding: (part: string) => Finding | undefined;
}

/** In this process, which has loaded all packages. */
const doctorIn = (folder: string): Promise<Report> => doctor(folder, pipeline);

async function doctor(folder = installation.folder, start = pipelineProcess): Promise<Report> {
  const { code, stdout, stderr } = await start(installation, ['doctor', '--json'], { cwd: folder });
  expect(stderr).toBe('');
  const { broken, findings }: { readonly broken: number; readonly findings: readonly Finding[] } =
    JSON.parse(stdout);
  return { code, broken, finding: (part) => findings.find((finding) => finding.part === part) };
}

/** A project in a folder of its own. */
function project(yaml: string): string {
  const folder = mkdtempSync(join(installation.folder, 'project-'));
  writeFileSync(join(folder, 'pipeline.yaml'), yaml);
  return folder;
}
const twoFiles =
  'stages: { make: { cmd: "mkdir ${outs.d} && echo 1 > ${outs.d}/one && echo 2 > ${outs.d}/two", ' +
  'outs: { d: d } } }\n';

describe('pipeline doctor on an installation', () => {
  test('that works: every part with a mark, exit code 0', async () => {
    const { code, stdout } = await pipelineProcess(installation, ['doctor']);
    expect(code).toBe(0);
    for (const part of ['Node', 'better-sqlite3', 'esbuild', '@node-rs/jieba', 'onnxruntime-node'])
      expect(stdout).toMatch(new RegExp(`^✓ ${part} `, 'm'));
    expect(stdout).toMatch(/^! project .*\n {2}help: /m);
    expect(stdout).toMatch(/nothing is broken\n$/);
    expect((await doctor()).finding('onnxruntime-node')?.message).toMatch(
      /^onnxruntime-node \d+\.\d+\.\d+ computes on cpu/,
    );
  });

  describe('that is broken: exit code 1, the broken part and what to do', () => {
    test('packages that are not installed', async () => {
      const names = ['better-sqlite3', 'esbuild', 'onnxruntime-node', '@node-rs/jieba'];
      const places = names.map((name) => join(installation.folder, 'node_modules', name));
      for (const [index, place] of places.entries())
        renameSync(place, join(installation.folder, `aside-${index}`));
      const { code, broken, finding } = await doctor();
      for (const [index, place] of places.entries())
        renameSync(join(installation.folder, `aside-${index}`), place);
      expect({ code, broken }).toEqual({ code: 1, broken: 4 });
      for (const name of names)
        expect(finding(name)).toMatchObject({
          state: 'broken',
          message: expect.stringMatching(/^it is not installed; without it, /),
          help: 'npm ci',
        });
    });

    test('a native module that was never built', async () => {
      const found = await spoilt('better-sqlite3', withoutNativePart);
      expect(found).toMatchObject({
        state: 'broken',
        message: expect.stringContaining('its native module is missing'),
        help: expect.stringMatching(/^npm rebuild better-sqlite3 /),
      });
    });

    test('a native module for another version of Node, in the words of Node', async () => {
      const found = await spoilt(
        'better-sqlite3',
        fake(
          "throw new Error(\"The module 'x.node'\\nwas compiled against a different Node.js " +
            'version using\\nNODE_MODULE_VERSION 108.")',
        ),
      );
      expect(found).toMatchObject({
        state: 'broken',
        message: expect.stringContaining(`another version of Node than ${process.versions.node}`),
        help: 'npm rebuild better-sqlite3',
      });
    });

    test('a command that needs it reports the same instead of a stack trace', async () => {
      const folder = project(twoFiles);
      await withSpoilt('better-sqlite3', withoutNativePart, async () => {
        const { code, stderr } = await pipelineProcess(installation, ['run'], { cwd: folder });
        expect(code).toBe(2);
        expect(stderr).toMatch(
          /^error: better-sqlite3: its native module is missing; without it, nothing can run.*\n  help: npm rebuild better-sqlite3 .*\n$/,
        );
      });
    });

    test('a native module that is not a library', async () => {
      const found = await spoilt('better-sqlite3', (place) => {
        withoutNativePart(place);
        mkdirSync(join(place, 'build/Release'), { recursive: true });
        writeFileSync(join(place, 'build/Release/better_sqlite3.node'), 'not a library');
      });
      expect(found).toMatchObject({
        state: 'broken',
        message: expect.stringContaining('better_sqlite3.node'),
        help: expect.stringMatching(/^npm rebuild better-sqlite3 /),
      });
    });

    test('another version of esbuild than the one that the keys were made with', async () => {
      expect(await spoilt('esbuild', fake("exports.version = '0.1.0'"))).toMatchObject({
        state: 'broken',
        message: expect.stringMatching(/version 0\.1\.0 is installed, expected \d+\.\d+\.\d+/),
      });
    });

    test('a version of Node that is too old', () => {
      expect(nodeFinding('18.20.4', '>=20.19')).toMatchObject({ state: 'broken' });
      expect(nodeFinding('20.18.3', '>=20.19')).toMatchObject({ state: 'broken' });
      expect(['20.19.0', '22.1.0', '24.0.0'].map((version) => nodeFinding(version, '>=20.19').state)).toEqual(
        ['good', 'good', 'good'],
      );
    });
  });
});

describe('pipeline doctor in a project', () => {
  test('before the first run it reports that there is no cache, and creates no file', async () => {
    const folder = project(twoFiles);
    const { code, finding } = await doctorIn(folder);
    expect(code).toBe(0);
    expect(finding('project')?.message).toBe(folder);
    expect(finding('disk')?.message).toMatch(/ free/);
    expect(finding('file system')).toMatchObject({ state: 'good' });
    expect(finding('cache')).toMatchObject({
      state: 'good',
      message: expect.stringContaining('nothing has run yet'),
    });
    expect(readdirSync(folder)).toEqual(['pipeline.yaml']);
  });

  test('after a run it counts results and objects, also from a subfolder', async () => {
    const folder = project(twoFiles);
    await pipeline(installation, ['run'], { cwd: folder });
    const { code, finding } = await doctorIn(join(folder, 'artifacts'));
    expect(code).toBe(0);
    expect(finding('cache')).toMatchObject({
      state: 'good',
      message: expect.stringMatching(/^1 results, 3 objects, /),
    });
    expect(finding('processes')).toMatchObject({
      state: 'good',
      message: 'no run is in progress, and no processes are left over',
    });
    expect(readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('a missing object makes its result incomplete, be it a file or the listing of a folder', async () => {
    for (const listing of [true, false]) {
      const folder = project(twoFiles);
      await pipeline(installation, ['run'], { cwd: folder });
      const objects = readdirSync(join(folder, 'cache/objects'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
      const lost = objects.find((path) => readFileSync(path, 'utf8').startsWith('tree') === listing);
      rmSync(lost ?? '');
      const { code, finding } = await doctorIn(folder);
      expect(code).toBe(0);
      expect(finding('cache')).toMatchObject({
        state: 'warning',
        message: expect.stringMatching(/^1 results, 2 objects, .*; 1 of the results lack/),
      });
    }
  });

  test('a damaged store is broken, and is left unchanged', async () => {
    const folder = project(twoFiles);
    await pipeline(installation, ['run'], { cwd: folder });
    const store = join(folder, 'cache/pipeline.sqlite');
    truncateSync(store, 5000);
    const { code, finding } = await doctorIn(folder);
    expect(code).toBe(1);
    expect(finding('cache')).toMatchObject({
      state: 'broken',
      message: expect.stringContaining('pipeline.sqlite'),
    });
    expect(existsSync(store)).toBe(true);
  });

  test('a file or dangling link in place of the cache or artifacts is broken', async () => {
    for (const [put, message] of [
      [(place: string) => writeFileSync(place, ''), 'is a file where a folder is needed'],
      [
        (place: string) => symlinkSync('/nonexistent/x', place),
        'is a symbolic link to /nonexistent/x, which does not exist',
      ],
      [(place: string) => symlinkSync('cache', place), 'is a symbolic link to cache, which leads back to it'],
    ] as const) {
      const folder = project(twoFiles);
      put(join(folder, 'cache'));
      const { code, finding } = await doctorIn(folder);
      expect({ code, cache: finding('cache') }).toEqual({
        code: 1,
        cache: {
          part: 'cache',
          state: 'broken',
          message: `${join(folder, 'cache')}: ${message}`,
          help: expect.any(String),
        },
      });
      for (const words of [['run'], ['status'], ['verify'], ['gc']]) {
        const { code: ended, stderr } = await pipeline(installation, words, { cwd: folder });
        expect({ words, ended, stderr }).toEqual({
          words,
          ended: 1,
          stderr: `error: ${finding('cache')?.message}\n  help: ${finding('cache')?.help}\n`,
        });
      }
    }
    const folder = project(twoFiles);
    writeFileSync(join(folder, 'artifacts'), '');
    expect((await doctorIn(folder)).finding('artifacts')).toMatchObject({
      state: 'broken',
      message: 'artifacts is a file where a folder is needed',
      help: expect.any(String),
    });
  });

  test('a result with an invalid row is reported', async () => {
    const folder = project(twoFiles);
    await pipeline(installation, ['run'], { cwd: folder });
    const database = openDatabase(join(folder, 'cache/pipeline.sqlite'));
    database.exec(`UPDATE entries SET outs = '{"d":{"form":"folder","digest":"../../etc/passwd"}}'`);
    database.close();
    const { code, finding } = await doctorIn(folder);
    expect(code).toBe(1);
    expect(finding('cache')).toMatchObject({
      state: 'broken',
      message: expect.stringContaining('its outs cannot be read'),
    });
  });

  test('a run in progress is reported with its pid', async () => {
    const folder = project('stages: { wait: { cmd: "cat ../pipe > ${outs.x}", outs: { x: x } } }\n');
    const pipe = join(dirname(folder), 'pipe');
    await run('mkfifo', [pipe]);
    const runner = spawn(process.execPath, [join(installation.root, 'dist/main.js'), 'run'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(runner, 'exit');
    const [said] = await once(runner.stderr, 'data');
    expect(String(said)).toContain('wait');
    const { code, finding } = await doctorIn(folder);
    expect({ code, processes: finding('processes') }).toMatchObject({
      code: 0,
      processes: { state: 'good', message: expect.stringContaining(`pid ${runner.pid}`) },
    });
    // Done when the stage has opened the other end.
    await writeFile(pipe, 'go on');
    expect(await ended).toEqual([0, null]);
  });

  test.runIf(process.platform === 'linux')('a process of a stage whose run has died (Linux)', async () => {
    const folder = project(twoFiles);
    await pipeline(installation, ['run'], { cwd: folder });
    const left = spawn(process.execPath, ['-e', 'process.stdout.write("here"); process.stdin.resume()'], {
      env: { ...process.env, PIPELINE_CONTEXT: `${folder}/cache/attempts/abc/context.json` },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(left.stdout, 'data');
    try {
      expect((await doctorIn(folder)).finding('processes')).toMatchObject({
        state: 'warning',
        message: expect.stringContaining(String(left.pid)),
        help: expect.stringContaining('pipeline run'),
      });
    } finally {
      left.kill('SIGKILL');
    }
  });
});

describe('disks in pipeline doctor', () => {
  test('the disk of this test has a type and free space', () => {
    const { type, freeBytes } = diskOf(realpathSync(tmpdir()));
    expect(type === undefined).toBe(process.platform !== 'linux');
    expect(freeBytes).toBeGreaterThan(0);
  });

  test.runIf(process.platform === 'linux')('the type of the innermost mount (Linux)', () => {
    expect(diskOf('/proc/self').type).toBe('proc');
  });

  test('full, nearly full, and in another place', () => {
    expect(diskFinding({ type: 'ext4', freeBytes: 1 << 20 })).toMatchObject({
      state: 'broken',
      help: expect.stringContaining('gc'),
    });
    expect(diskFinding({ type: 'ext4', freeBytes: 1 << 30 })).toMatchObject({ state: 'warning' });
    expect(diskFinding({ type: 'ext4', freeBytes: 2 ** 33 })).toMatchObject({ state: 'good' });
    for (const type of ['nfs4', 'cifs', 'fuse.sshfs'])
      expect(diskFinding({ type, freeBytes: 2 ** 40 })).toMatchObject({
        state: 'warning',
        message: expect.stringContaining('network'),
      });
    const elsewhere = { type: 'xfs', freeBytes: 2 ** 40 };
    expect(diskFinding({ type: 'nfs4', freeBytes: 2 ** 40 }, elsewhere)).toMatchObject({ state: 'good' });
    expect(diskFinding(elsewhere, { type: 'nfs4', freeBytes: 2 ** 40 })).toMatchObject({ state: 'warning' });
  });

  test.runIf(process.platform === 'linux')(
    'a read-only disk is broken: the refused operation and the reason (Linux)',
    async () => {
      const behaviour = await behaviourOf('/proc');
      expect(behaviour.refused).toEqual([expect.stringMatching(/^making a folder: /)]);
      expect(behaviourFinding(behaviour)).toMatchObject({ state: 'broken' });
    },
  );

  test('what it does not preserve, how it handles names, and whose clock it uses', () => {
    const plain = { refused: [], lost: [], foldsCase: false, clones: false, secondsAhead: -0.004 };
    expect(behaviourFinding(plain)).toMatchObject({ state: 'good' });
    expect(behaviourFinding({ ...plain, foldsCase: true, clones: true })).toMatchObject({
      state: 'good',
      message: expect.stringMatching(/as the same name, copies share/),
    });
    expect(behaviourFinding({ ...plain, lost: ['symbolic links', 'execute bits'] })).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('symbolic links and execute bits'),
    });
    expect(behaviourFinding({ ...plain, secondsAhead: -70 })).toMatchObject({
      state: 'warning',
      message: expect.stringContaining('70 s behind'),
    });
  });
});

/** What doctor finds of a package as `spoil` leaves it. */
const spoilt = (name: string, spoil: (place: string) => void): Promise<Finding | undefined> =>
  withSpoilt(name, spoil, async () => {
    const { code, broken, finding } = await doctor();
    expect({ code, broken }).toEqual({ code: 1, broken: 1 });
    return finding(name);
  });

/** What `look` gives while a package is as `spoil` leaves it. */
async function withSpoilt<T>(
  name: string,
  spoil: (place: string) => void,
  inspection: () => Promise<T>,
): Promise<T> {
  const place = join(installation.folder, 'node_modules', name);
  const aside = join(installation.folder, 'aside');
  renameSync(place, aside);
  try {
    spoil(place);
    return await inspection();
  } finally {
    rmSync(place, { recursive: true, force: true });
    renameSync(aside, place);
  }
}

/** A package of one file. */
const fake =
  (code: string) =>
  (place: string): void => {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{ "main": "main.js" }');
    writeFileSync(join(place, 'main.js'), code);
  };

/** The package as it is while its native part is not made yet. */
const withoutNativePart = (place: string): void => {
  cpSync(realpathSync(join(installation.folder, 'aside')), place, {
    recursive: true,
    filter: (path) => !/\/(build|deps|src)$/.test(path),
  });
};
