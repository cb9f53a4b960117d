import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { programs } from '../rig/build-programs.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const { main } = await programs();
/** Permissions do not bind root: the commands are given to somebody else then, if they can be. */
const somebody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const isPossible = spawnSync(process.execPath, [main, '--version'], { ...somebody, cwd: '/' }).status === 0;

const reading = [
  ['status'],
  ['graph'],
  ['history'],
  ['metrics'],
  ['log', 'a'],
  ['explain', 'b'],
  ['run', '--dry-run'],
  ['verify'],
] as const;

const project = {
  'pipeline.yaml': {
    stages: {
      a: { uses: 'a.ts', outs: { o: { path: 'o.json', kind: 'metrics' } } },
      b: { cmd: 'cat ${deps.a} > ${outs.o}', deps: { a: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
    },
  },
  'package.json': { name: 'of-a-test' },
  'a.ts':
    "import { writeFile } from 'node:fs/promises';\nimport { score } from 'scores';\n" +
    "export const stage = { params: {}, deps: [], outs: ['o'], run: ({ outs }) => " +
    'writeFile(outs.o, JSON.stringify({ score })) };',
  'node_modules/scores/package.json': {
    name: 'scores',
    version: '1.0.0',
    type: 'module',
    exports: './index.js',
  },
  'node_modules/scores/index.js': 'export const score = 0.5;',
};

describe('a read-only project', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    chmodSync(dirname(rig.root), 0o755);
    rig.write(project);
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  test('without a cache, reading commands answer with nothing and create none', async () => {
    for (const words of reading) {
      const { code } = await rig.pipeline(...words).result;
      expect({ words, code, made: rig.exists('cache') }).toEqual({
        words,
        code: words[0] === 'log' ? 1 : 0,
        made: false,
      });
    }
    expect((await rig.pipeline('status').result).stdout).toMatch(/a +out of date +no result yet/);
  });

  test.skipIf(!isPossible)(
    'with a cache, everybody gets the answers of its owner, and a run reports what prevents it',
    async () => {
      await rig.pipeline('run').result;
      const owner = await answers();
      forbidWriting(rig.root);
      const before = readdirSync(rig.root, { recursive: true });
      for (const [index, words] of reading.entries()) {
        const { status, stdout, stderr } = asSomebody(words);
        expect({ words, status, stdout, stderr }).toEqual({ words, status: 0, ...owner[index] });
      }
      const { status, stderr } = asSomebody(['run']);
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(/cache.*permission denied.*\n +help: /),
      });
      expect(stderr).not.toContain('damaged');
      expect(readdirSync(rig.root, { recursive: true })).toEqual(before);
    },
  );

  test.skipIf(!isPossible)('the last rows of a killed run are read too', async () => {
    await using other = await createRig();
    chmodSync(dirname(other.root), 0o755);
    const puppet = other.puppet();
    other.write({ 'pipeline.yaml': { stages: { p: { cmd: puppet.cmd, outs: { o: 'o' } } } } });
    const run = other.process('run');
    const started = await puppet.nextStart();
    run.kill('SIGKILL');
    await run.result;
    await started.gone;
    expect(existsSync(join(other.root, 'cache/pipeline.sqlite-wal'))).toBe(true);
    forbidWriting(other.root);
    const { stdout, stderr } = asSomebody(['history', '--json'], other.root);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).runs).toHaveLength(1);
  });

  async function answers(): Promise<readonly { readonly stdout: string; readonly stderr: string }[]> {
    const found: { stdout: string; stderr: string }[] = [];
    for (const words of reading) {
      const { stdout, stderr } = await rig.pipeline(...words).result;
      found.push({ stdout, stderr });
    }
    return found;
  }

  const asSomebody = (words: readonly string[], cwd = rig.root) =>
    spawnSync(process.execPath, [main, ...words], { ...somebody, cwd, encoding: 'utf8' });
});

function forbidWriting(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const place = join(folder, entry.name);
    if (entry.isDirectory()) forbidWriting(place);
    else chmodSync(place, 0o444);
  }
  chmodSync(folder, 0o555);
}
