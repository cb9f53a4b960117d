import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRig, type Rig } from '../rig/rig.ts';

const stage = `
import { writeFileSync } from 'node:fs';
export const stage = {
  params: { type: 'object', properties: { runtime: { enum: ['left', 'right'] } }, required: ['runtime'], additionalProperties: false },
  deps: [], outs: ['out'],
  engines: { by: 'runtime', programs: { left: '../engines/left/engine', right: '../engines/right/engine' } },
  run({ engine, outs }) { writeFileSync(outs.out, engine.compute(2)); },
};`;

const engine = (packageName: string): string => `
import name from '${packageName}';
import { lowered } from './lowering.ts';
export const compute = (x) => name + lowered(x);`;

const lowering = (operator: string): string => `export const lowered = (x) => String(x ${operator} 3);`;

const pipeline = {
  stages: {
    a: {
      matrix: { runtime: ['left', 'right'] },
      uses: 'stages/a.ts',
      params: { runtime: '${runtime}' },
      outs: { out: 'out.txt' },
    },
  },
};

const installed = (right: object): object => ({
  lockfileVersion: 3,
  packages: { 'node_modules/left-native': { version: '1.0.0', integrity: 'sha512-left' }, ...right },
});

const packageFiles = (name: string): Readonly<Record<string, unknown>> => ({
  [`node_modules/${name}/package.json`]: { name, type: 'module', main: 'index.js' },
  [`node_modules/${name}/index.js`]: `export default '${name} ';`,
});

describe('engines are separate bundles', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    rig.write({
      ...packageFiles('left-native'),
      'node_modules/.package-lock.json': installed({}),
      'stages/a.ts': stage,
      'engines/left/engine.ts': engine('left-native'),
      'engines/left/lowering.ts': lowering('+'),
      'engines/right/engine.ts': engine('right-native'),
      'engines/right/lowering.ts': lowering('-'),
      'pipeline.yaml': pipeline,
    });
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  const keyOf = async (instance: string): Promise<unknown> =>
    JSON.parse((await rig.pipeline('explain', instance, '--json').result).stdout).key;
  const keys = async () => ({ left: await keyOf('a[left]'), right: await keyOf('a[right]') });

  test('a stage gets the engine that its params name', async () => {
    expect((await rig.pipeline('run', 'a[left]').result).json).toMatchObject({ ran: ['a[left]'] });
    expect(rig.read('artifacts/pipeline/a/left/out.txt')).toBe('left-native 5');
  });

  test("another engine's package or lowerings change only the keys of that engine", async () => {
    const before = await keys();
    rig.write({
      ...packageFiles('right-native'),
      'node_modules/.package-lock.json': installed({
        'node_modules/right-native': { version: '1.0.0', integrity: 'sha512-right' },
      }),
    });
    const withPackage = await keys();
    expect(withPackage.left).toBe(before.left);
    expect(withPackage.right).not.toBe(before.right);
    rig.write({ 'engines/right/lowering.ts': lowering('*') });
    const edited = await keys();
    expect(edited.left).toBe(before.left);
    expect(edited.right).not.toBe(withPackage.right);
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a[right]'] });
    expect(rig.read('artifacts/pipeline/a/right/out.txt')).toBe('right-native 6');
  });

  test('an edit of its engine reruns a stage, with the engine as the reason', async () => {
    rig.write({ 'engines/left/lowering.ts': lowering('**') });
    const { stdout } = await rig.pipeline('explain', 'a[left]').result;
    expect(stdout).toContain('code of the engine left: engines/left/lowering.ts');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a[left]'] });
    expect(rig.read('artifacts/pipeline/a/left/out.txt')).toBe('left-native 8');
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: [] });
  });

  test('an exception in an engine is reported at its source line', async () => {
    rig.write({
      'engines/left/lowering.ts': "export const lowered = () => {\n  throw new Error('no such op');\n};",
    });
    const { stderr } = await rig.pipeline('run', 'a[left]').result;
    expect(stderr).toMatch(/Error: no such op\n +at lowered \(engines\/left\/lowering\.ts:2:9\)/);
    rig.write({ 'engines/left/lowering.ts': lowering('**') });
  });

  test('a missing engine is a fault only of the instances that name it', async () => {
    rmSync(join(rig.root, 'engines/right'), { recursive: true });
    expect((await rig.pipeline('run', 'a[left]').result).code).toBe(0);
    const refused = await rig.pipeline('run').result;
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('stages/a.ts, engine "right"');
  });
});

test('an engine of a packaged stage program finds the packages of that package', async () => {
  await using rig = await createRig();
  const tools = 'node_modules/@one/tools';
  rig.write({
    [`${tools}/package.json`]: {
      name: '@one/tools',
      type: 'module',
      exports: { './stages/*': './built/stages/*.js' },
      dependencies: { 'left-native': '*' },
    },
    [`${tools}/built/stages/a.js`]: stage,
    [`${tools}/built/engines/left/engine.js`]: engine('left-native').replace('.ts', '.js'),
    [`${tools}/built/engines/left/lowering.js`]: lowering('+'),
    ...Object.fromEntries(
      Object.entries(packageFiles('left-native')).map(([path, content]) => [`${tools}/${path}`, content]),
    ),
    'pipeline.yaml': {
      stages: { a: { uses: '@one/tools/stages/a', params: { runtime: 'left' }, outs: { out: 'out.txt' } } },
    },
  });
  expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a'] });
  expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('left-native 5');
});
