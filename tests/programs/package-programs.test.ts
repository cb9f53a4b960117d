import { cpSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

/**
 * A package "@one/tools" with a stage program, whose word comes from another module of it and from a package.
 */
const tools = (word: string): Readonly<Record<string, unknown>> => ({
  'package.json': {
    name: '@one/tools',
    version: '1.0.0',
    type: 'module',
    exports: { './stages/*': './built/stages/*.js' },
    dependencies: { words: '*' },
  },
  'built/stages/say.js': `
    import { writeFileSync } from 'node:fs';
    import { ending } from 'words';
    import { word } from '../word.js';
    export const stage = { params: {}, deps: [], outs: ['out'], run({ outs }) { writeFileSync(outs.out, word + ending); } };`,
  'built/word.js': `export const word = ${JSON.stringify(word)};`,
  'built/other.js': 'export const nobodyReachesIt = 1;',
});

const words = (ending: string): Readonly<Record<string, unknown>> => ({
  'package.json': { name: 'words', version: '1.0.0', type: 'module', exports: './main.js' },
  'main.js': `export const ending = ${JSON.stringify(ending)};`,
});

const record = (integrity = 'sha512-words'): object => ({
  packages: {
    'node_modules/@one/tools': { version: '1.0.0', integrity: 'sha512-tools', dependencies: { words: '*' } },
    'node_modules/words': { version: '1.0.0', integrity },
  },
});

const pipeline = (uses = '@one/tools/stages/say'): object => ({
  stages: { a: { uses, outs: { out: 'out.txt' } } },
});

const below = (folder: string, files: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));

const write = (rig: Rig, files: Readonly<Record<string, unknown>>): void =>
  rig.write({
    'pipeline.yaml': pipeline(),
    ...below('node_modules/@one/tools', tools('tool')),
    ...below('node_modules/words', words('!')),
    'node_modules/.package-lock.json': record(),
    ...files,
  });

const ran = async (rig: Rig): Promise<unknown> => (await rig.pipeline('run').result).json['ran'];
const keyIn = async (rig: Rig): Promise<string> =>
  JSON.parse((await rig.pipeline('explain', 'a', '--json').result).stdout).key;

describe('a stage program in an installed package', () => {
  test('runs, and counts by the modules in its bundle and their packages', async () => {
    await using rig = await createRig();
    write(rig, {});
    expect(await ran(rig)).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('tool!');
    write(rig, { 'node_modules/@one/tools/built/other.js': 'export const nobodyReachesIt = 2;' });
    expect(await ran(rig)).toEqual([]);
    write(rig, below('node_modules/@one/tools', tools('other')));
    expect(await ran(rig)).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('other!');
    write(rig, {
      ...below('node_modules/@one/tools', tools('other')),
      'node_modules/.package-lock.json': record('sha512-other'),
    });
    expect(await ran(rig)).toEqual(['a']);
  });

  test('does not count by the version and integrity of its own package', async () => {
    await using rig = await createRig();
    write(rig, {});
    const key = await keyIn(rig);
    const { packages } = record() as { readonly packages: Readonly<Record<string, object>> };
    write(rig, {
      'node_modules/@one/tools/package.json': { ...(tools('')['package.json'] as object), version: '2.0.0' },
      'node_modules/.package-lock.json': {
        packages: {
          ...packages,
          'node_modules/@one/tools': {
            ...packages['node_modules/@one/tools'],
            version: '2.0.0',
            integrity: 'sha512-new',
          },
        },
      },
    });
    expect(await keyIn(rig)).toBe(key);
  });

  test('resolves packages below itself, and those of a linked package beside the link', async () => {
    await using rig = await createRig();
    write(rig, {
      ...below('node_modules/@one/tools/node_modules/words', words('?')),
      'node_modules/.package-lock.json': {
        packages: {
          'node_modules/@one/tools': { version: '1.0.0', integrity: 'x', dependencies: { words: '*' } },
          'node_modules/words': { version: '2.0.0', integrity: 'sha512-another' },
          'node_modules/@one/tools/node_modules/words': { version: '1.0.0', integrity: 'sha512-words' },
        },
      },
    });
    expect(await ran(rig)).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('tool?');
    const nested = await keyIn(rig);
    // The same package, linked from a folder of its own, in which npm installed what it needs.
    const clone = join(rig.root, '../clone');
    mkdirSync(clone);
    renameSync(join(rig.root, 'node_modules/@one/tools'), join(clone, 'tools'));
    symlinkSync(join(clone, 'tools'), join(rig.root, 'node_modules/@one/tools'));
    cpSync(join(clone, 'tools/node_modules/words'), join(clone, 'node_modules/words'), { recursive: true });
    rig.write({
      '../clone/tools/node_modules/.package-lock.json': {
        packages: { 'node_modules/words': { version: '1.0.0', integrity: 'sha512-words' } },
      },
    });
    expect(await keyIn(rig)).toBe(nested);
    expect(await ran(rig)).toEqual([]);
  });

  test('reruns its stages when its link leads to another folder', async () => {
    await using rig = await createRig();
    write(rig, {
      ...below('versions/1/node_modules/@one/tools', tools('first')),
      ...below('versions/2/node_modules/@one/tools', tools('second')),
    });
    for (const [version, word] of [
      [1, 'first!'],
      [2, 'second!'],
    ] as const) {
      rmSync(join(rig.root, 'node_modules/@one/tools'), { recursive: true });
      symlinkSync(
        `../../versions/${version}/node_modules/@one/tools`,
        join(rig.root, 'node_modules/@one/tools'),
      );
      expect(await ran(rig)).toEqual(['a']);
      expect(rig.read('artifacts/pipeline/a/out.txt')).toBe(word);
    }
  });

  test('reruns its stages when another version is installed nearer to the project', async () => {
    await using rig = await createRig();
    write(rig, { ...below('../node_modules/@one/tools', tools('above')) });
    rmSync(join(rig.root, 'node_modules/@one'), { recursive: true });
    expect(await ran(rig)).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('above!');
    write(rig, {});
    expect(await ran(rig)).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('tool!');
  });

  test('that is missing is an error at its name, with the package to install', async () => {
    await using rig = await createRig();
    for (const [uses, help] of [
      ['@two/tools/stages/shout', 'npm install @two/tools'],
      ['stages/say', 'stages/say.ts'],
      ['absent', 'npm install absent'],
    ] as const) {
      write(rig, { 'pipeline.yaml': pipeline(uses) });
      const { code, stderr } = await rig.pipeline('run').result;
      expect(code).toBe(2);
      expect(stderr).toContain('pipeline.yaml:');
      expect(stderr).toContain(`${uses}: no installed package has this module`);
      expect(stderr).toContain(help);
    }
  });

  test('that its installed package lacks is an error with the module that was probably meant', async () => {
    await using rig = await createRig();
    for (const [uses, answer] of [
      ['@one/tools/stages/sya', 'did you mean "@one/tools/stages/say"?'],
      ['@one/tools/stages/unheard-of', 'add its extension: @one/tools/stages/unheard-of.ts'],
    ] as const) {
      write(rig, { 'pipeline.yaml': pipeline(uses) });
      const { code, stderr } = await rig.pipeline('run').result;
      expect(code).toBe(2);
      expect(stderr).toContain(`${uses}: the installed package @one/tools has no such module`);
      expect(stderr).toContain(answer);
      expect(stderr).not.toContain('npm install');
    }
  });
});
