import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleAll } from '../../src/runner/programs/bundle/bundle.ts';
import { bareWorkspace } from '../rig/bare-workspace.ts';
import { createRig, type Rig } from '../rig/rig.ts';

const program = (run: string, more = ''): string => `
import { writeFileSync, readFileSync } from 'node:fs';
import { twice } from './part/twice';
export const stage = {
  params: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'], additionalProperties: false },
  deps: ['in?', 'list?'], outs: ['out'], ${more}
  async run({ params, deps, gathered, outs, scratch, signal, emit }) { ${run} },
};`;

const copy = program('writeFileSync(outs.out, twice(params.word));');
const twice = '// doubles a word\nexport const twice = (word) => word + word;\nexport const unused = 1;\n';

const pipeline = (stage: object = {}): object => ({
  stages: { a: { uses: 'stages/a.ts', params: { word: 'x' }, outs: { out: 'out.txt' }, ...stage } },
});

const installed = (version: string): object => ({
  lockfileVersion: 3,
  packages: {
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-one', dependencies: { two: '^1.0.0' } },
    'node_modules/two': { version, integrity: `sha512-two-${version}` },
    'node_modules/three': { resolved: 'three', link: true },
    three: { version: '1.0.0' },
  },
});

const keyIn = async (of: Rig): Promise<unknown> =>
  JSON.parse((await of.pipeline('explain', 'a', '--json').result).stdout).key;

describe('a stage program counts by its bundle', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await createRig();
    rig.write({ 'stages/a.ts': copy, 'stages/part/twice.ts': twice, 'pipeline.yaml': pipeline() });
    expect((await rig.pipeline('run').result).json).toMatchObject({ ran: ['a'] });
  });
  afterAll(() => rig[Symbol.asyncDispose]());
  const ran = async (): Promise<unknown> => (await rig.pipeline('run').result).json['ran'];

  test('comments, formatting and unreachable code trigger no rerun', async () => {
    rig.write({
      'stages/a.ts': copy.replaceAll(';', ';\n\n// a comment\n'),
      'stages/part/twice.ts': twice
        .replace('doubles a word', 'gives a word twice')
        .replace('unused = 1', 'unused = 2'),
    });
    expect(await ran()).toEqual([]);
    rig.write({ 'stages/a.ts': copy, 'stages/part/twice.ts': twice });
  });

  test('reachable code triggers a rerun, whatever the mtime of the file', async () => {
    rig.write({ 'stages/part/twice.ts': twice.replace('word + word', 'word + word + word') });
    expect(await ran()).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('xxx');
    rig.write({ 'stages/part/twice.ts': twice });
    expect((await rig.pipeline('run').result).json).toMatchObject({ restored: ['a'] });
  });

  test('a new file that takes precedence in an import is noticed', async () => {
    rig.write({ 'stages/part/twice.tsx': twice.replace('word + word', '`${word}!`') });
    expect(await ran()).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('x!');
    rmSync(join(rig.root, 'stages/part/twice.tsx'));
    expect((await rig.pipeline('run').result).json).toMatchObject({ restored: ['a'] });
  });

  test('a link in the name of a program or of an import that leads elsewhere is noticed', async () => {
    const linkTo = (version: string, link: string): void => {
      rmSync(join(rig.root, link), { force: true });
      symlinkSync(version, join(rig.root, link));
    };
    rig.write({
      'versions/1/a.ts': copy,
      'versions/2/a.ts': copy.replace('params.word', '`${params.word}-`'),
      'versions/1/part/twice.ts': twice.replace('word + word', '`1${word}`'),
      'versions/2/part/twice.ts': twice.replace('word + word', '`2${word}`'),
      'stages/linked.ts': copy.replace('./part/twice', '../link/part/twice'),
    });
    for (const [uses, word] of [
      ['stages/linked.ts', '2x'],
      ['link/a.ts', '2x-'],
    ]) {
      rig.write({ 'pipeline.yaml': pipeline({ uses }) });
      linkTo('versions/1', 'link');
      await ran();
      expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('1x');
      linkTo('versions/2', 'link');
      await ran();
      expect(rig.read('artifacts/pipeline/a/out.txt')).toBe(word);
    }
    rig.write({ 'pipeline.yaml': pipeline() });
  });

  test('another main of an imported folder is noticed', async () => {
    rig.write({
      'stages/a.ts': copy.replace('./part/twice', './folder'),
      'stages/folder/package.json': { main: '../part/twice.ts' },
      'stages/other.ts': twice.replace('word + word', '`other ${word}`'),
    });
    await ran();
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('xx');
    rig.write({ 'stages/folder/package.json': { main: '../other.ts' } });
    await ran();
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('other x');
    rig.write({ 'stages/a.ts': copy });
  });

  test('a new file that an import by a pattern matches is noticed', async () => {
    const part = '(async () => (await import(`./part/${params.word}.ts`)).twice(params.word))()';
    rig.write({ 'stages/a.ts': program(`writeFileSync(outs.out, await ${part}.catch(() => 'none'));`) });
    await ran();
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('none');
    rig.write({ 'stages/part/x.ts': twice });
    await ran();
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('xx');
    rig.write({ 'stages/a.ts': copy });
  });

  test('a moved file changes nothing', async () => {
    renameSync(join(rig.root, 'stages/part/twice.ts'), join(rig.root, 'stages/double.ts'));
    rig.write({ 'stages/a.ts': copy.replace('./part/twice', './double') });
    expect(await ran()).toEqual([]);
    rmSync(join(rig.root, 'stages/double.ts'));
    rig.write({ 'stages/a.ts': copy, 'stages/part/twice.ts': twice });
  });

  test("an exception is reported at its source line, while the program's keys ignore comments", async () => {
    const key = await keyIn(rig);
    rig.write({ 'stages/part/twice.ts': 'export function twice(word) {\n  throw new Error(word);\n}\n' });
    const thrown = await rig.pipeline('run').result;
    expect(thrown.stderr).toMatch(
      /Error: x\n +at twice \(stages\/part\/twice\.ts:2:9\)\n +at .*\(stages\/a\.ts:\d+:\d+\)/,
    );
    const failing = await keyIn(rig);
    rig.write({
      'stages/part/twice.ts': '// one\n// two\nexport function twice(word) {\n  throw new Error(word);\n}\n',
    });
    expect((await rig.pipeline('run').result).stderr).toContain('at twice (stages/part/twice.ts:4:9)');
    expect(await keyIn(rig)).toBe(failing);
    rig.write({
      'stages/part/twice.ts':
        'export function twice() {\n' +
        "  return `named: ${String(new Error('seen').stack).includes('twice.ts')}`;\n}\n",
    });
    expect(await ran()).toEqual(['a']);
    expect(rig.read('artifacts/pipeline/a/out.txt')).toBe('named: false');
    rig.write({ 'stages/part/twice.ts': twice });
    expect(await keyIn(rig)).toBe(key);
    expect((await rig.pipeline('run').result).json).toMatchObject({ restored: ['a'] });
  });

  test('a program that cannot be loaded is reported at its line too', async () => {
    rig.write({ 'stages/part/twice.ts': `${twice}\nthrow new Error('too early');\n` });
    expect((await rig.pipeline('run').result).stderr).toContain(
      'stages/a.ts: Error: too early at stages/part/twice.ts:5:7',
    );
    rig.write({ 'stages/part/twice.ts': twice });
  });

  test('where the cache is a symbolic link, an exception is still reported at its line', async () => {
    renameSync(join(rig.root, 'cache'), join(rig.root, '../elsewhere'));
    symlinkSync('../elsewhere', join(rig.root, 'cache'));
    rig.write({ 'stages/part/twice.ts': 'export function twice(word) {\n  throw new Error(word);\n}\n' });
    expect((await rig.pipeline('run').result).stderr).toContain('at twice (stages/part/twice.ts:2:9)');
    rig.write({ 'stages/part/twice.ts': `${twice}\nthrow new Error('too early');\n` });
    expect((await rig.pipeline('run').result).stderr).toContain(
      'stages/a.ts: Error: too early at stages/part/twice.ts:5:7',
    );
    rig.write({ 'stages/part/twice.ts': twice });
    rmSync(join(rig.root, 'cache'));
    renameSync(join(rig.root, '../elsewhere'), join(rig.root, 'cache'));
  });

  test('a removed or damaged bundle is built again, and nothing reruns', async () => {
    for (const name of readdirSync(join(rig.root, 'cache/bundles')))
      rig.write({ [`cache/bundles/${name}`]: 'process.exit(1)' });
    expect(await ran()).toEqual([]);
    rmSync(join(rig.root, 'cache/bundles'), { recursive: true });
    expect(await ran()).toEqual([]);
  });

  test('a package counts by version and integrity, a linked one by content', async () => {
    for (const name of ['one', 'two'])
      rig.write({
        [`node_modules/${name}/package.json`]: { name, main: 'index.js' },
        [`node_modules/${name}/index.js`]: 'module.exports = 1',
      });
    mkdirSync(join(rig.root, 'three'));
    rig.write({
      'three/package.json': { name: 'three', main: 'index.js' },
      'three/index.js': 'module.exports = 3',
      'node_modules/.package-lock.json': installed('1.0.0'),
    });
    symlinkSync('../three', join(rig.root, 'node_modules/three'));
    rig.write({ 'stages/a.ts': `import 'one';${copy.replace('outs: [', "packages: ['three'], outs: [")}` });
    expect(await ran()).toEqual(['a']);
    expect(await ran()).toEqual([]);
    rig.write({ 'node_modules/.package-lock.json': installed('1.0.1') });
    const explained = (await rig.pipeline('explain', 'a').result).stdout;
    expect(explained).toContain('package two 1.0.0 → 1.0.1');
    expect(explained).not.toContain('package one');
    expect(await ran()).toEqual(['a']);
    rig.write({ 'three/index.js': 'module.exports = 33' });
    expect((await rig.pipeline('explain', 'a').result).stdout).toContain('package three');
    expect(await ran()).toEqual(['a']);
    expect(await ran()).toEqual([]);
    rig.write({ 'stages/a.ts': copy });
  });

  test('of a linked package its shipped files count; without a list all but generated files', async () => {
    await using other = await createRig();
    mkdirSync(join(other.root, 'three'));
    const ships = { name: 'three', exports: { '.': './dist/index.js' }, files: ['dist'] };
    other.write({
      'three/package.json': ships,
      'three/dist/index.js': 'module.exports = 3',
      'three/pipeline.yaml': {},
      'node_modules/.package-lock.json': installed('1.0.0'),
      'stages/part/twice.ts': twice,
      'stages/a.ts': copy.replace('outs: [', "packages: ['three'], outs: ["),
      'pipeline.yaml': pipeline(),
    });
    symlinkSync('../three', join(other.root, 'node_modules/three'));
    const ranIn = async (): Promise<unknown> => (await other.pipeline('run').result).json['ran'];
    expect(await ranIn()).toEqual(['a']);
    const made = { 'three/artifacts/o': 'o', 'three/cache/o': 'o' };
    other.write({ ...made, 'three/README.md': 'Three', 'three/tests/a.js': '' });
    expect(await ranIn()).toEqual([]);
    other.write({ 'three/dist/part.js': '' });
    expect(await ranIn()).toEqual(['a']);
    other.write({ 'three/package.json': { ...ships, files: undefined } });
    expect(await ranIn()).toEqual(['a']);
    other.write({ 'three/artifacts/o': 'another', 'three/cache/more/o': 'o' });
    expect(await ranIn()).toEqual([]);
    other.write({ 'three/src/artifacts/o': 'o' });
    expect(await ranIn()).toEqual(['a']);
  });

  test('an edit made during bundling is noticed by the next run', async () => {
    await using other = await createRig();
    // It is loaded, to be asked what it declares, between its bundling and what is written down of it.
    const edited = copy.replace('twice(params.word)', "'edited'");
    other.write({
      'stages/part/twice.ts': twice,
      'stages/a.ts':
        `${copy}\nif (process.argv.includes('--describe')) writeFileSync('stages/a.ts', ` +
        `${JSON.stringify(edited)});`,
      'pipeline.yaml': pipeline(),
    });
    expect((await other.pipeline('run').result).json).toMatchObject({ ran: ['a'] });
    expect(other.read('artifacts/pipeline/a/out.txt')).toBe('xx');
    expect((await other.pipeline('run').result).json).toMatchObject({ ran: ['a'] });
    expect(other.read('artifacts/pipeline/a/out.txt')).toBe('edited');
  });

  test('a command that bundles a program again leaves the bundle of a running stage as it is', async () => {
    await using other = await createRig();
    const waiting = copy.replace(
      'writeFileSync(outs.out,',
      "const { existsSync } = await import('node:fs'); " +
        "while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 5)); " +
        'writeFileSync(outs.out,',
    );
    other.write({ 'stages/part/twice.ts': twice, 'stages/a.ts': waiting, 'pipeline.yaml': pipeline() });
    const run = other.pipeline('run');
    await run.said('started');
    other.write({ 'stages/a.ts': `${waiting}// a comment\n` });
    expect(await other.pipeline('status').result).toMatchObject({ code: 0 });
    other.write({ go: '' });
    expect(await run.result).toMatchObject({ code: 0, json: { ran: ['a'] }, warnings: [] });
    expect((await other.pipeline('run').result).json).toMatchObject({ 'up-to-date': ['a'] });
  });

  test('of programs that are bundled at once, the first one that is ready leaves the others going on', async () => {
    using workspace = bareWorkspace();
    const many = Array.from({ length: 300 }, (_, index) => index);
    workspace.write({
      ...Object.fromEntries(many.map((index) => [`${index}.ts`, `export const x${index} = ${index};`])),
      'large.ts': many.map((index) => `export * from './${index}.ts';\n`).join(''),
      'small.ts': 'export const x = 1;',
    });
    const bundles = await Promise.all(['large.ts', 'small.ts'].map((path) => bundleAll(workspace, [path])));
    expect(bundles.flatMap((each) => [...each.values()].map(({ ok }) => ok))).toEqual([true, true]);
  });

  test('two clones of a project have the same keys', async () => {
    await using other = await createRig();
    other.write({ 'stages/a.ts': copy, 'stages/part/twice.ts': twice, 'pipeline.yaml': pipeline() });
    expect(await keyIn(other)).toBe(await keyIn(rig));
  });
});

describe('running a stage program', () => {
  test('it gets params, deps, outs and scratch; a returned error is its failure', async () => {
    await using rig = await createRig();
    rig.write({
      'stages/part/twice.ts': twice,
      'stages/a.ts': program(
        "emit({ kind: 'metric', step: 1, values: { loss: 2 } }); writeFileSync(scratch + '/x', " +
          "''); writeFileSync(outs.out, JSON.stringify([params, readFileSync(deps.in, 'utf8'), " +
          'gathered.list.map(({ axes }) => axes), typeof signal.aborted]));',
      ),
      'stages/b.ts': program(
        "if (params.word === 'bad') return { ok: false, error: 'rows.jsonl:3: is not JSON' }; " +
          'writeFileSync(outs.out, params.word);',
      ),
      in: 'the input',
      'pipeline.yaml': {
        stages: {
          b: {
            matrix: { word: ['y', 'z'] },
            uses: 'stages/b.ts',
            params: { word: '${word}' },
            outs: { out: 'out.txt' },
          },
          a: {
            uses: 'stages/a.ts',
            params: { word: 'x' },
            deps: { in: 'in', list: { from: 'b', out: 'out', gather: true } },
            outs: { out: 'out.txt' },
          },
          bad: { uses: 'stages/b.ts', params: { word: 'bad' }, outs: { out: 'out.txt' } },
        },
      },
    });
    const result = await rig.pipeline('run', '--keep-going').result;
    expect(result.json).toMatchObject({ ran: ['b[y]', 'b[z]', 'a'], failed: ['bad'] });
    expect(JSON.parse(rig.read('artifacts/pipeline/a/out.txt'))).toEqual([
      { word: 'x' },
      'the input',
      [{ word: 'y' }, { word: 'z' }],
      'boolean',
    ]);
    expect(result.events).toContainEqual(
      expect.objectContaining({
        kind: 'message',
        instance: 'a',
        message: { kind: 'metric', step: 1, values: { loss: 2 } },
      }),
    );
    expect(result.stderr).toContain('rows.jsonl:3: is not JSON');
  });

  test('its run may be synchronous', async () => {
    await using rig = await createRig();
    const atOnce = (body: string): string => program(body).replace('async run', 'run');
    rig.write({
      'stages/part/twice.ts': twice,
      'stages/writes.ts': atOnce('writeFileSync(outs.out, params.word);'),
      'stages/fails.ts': atOnce("return { ok: false, error: 'no rows' };"),
      'stages/throws.ts': atOnce("throw new Error('a bug here');"),
      'pipeline.yaml': {
        stages: Object.fromEntries(
          ['writes', 'fails', 'throws'].map((name) => [
            name,
            { uses: `stages/${name}.ts`, params: { word: 'x' }, outs: { out: 'o' } },
          ]),
        ),
      },
    });
    const result = await rig.pipeline('run', '--keep-going').result;
    expect(result.json).toMatchObject({ ran: ['writes'], failed: ['fails', 'throws'] });
    expect(result.stderr).toContain('no rows');
    expect(result.stderr).toMatch(/Error: a bug here\n.*at .*run/);
  });

  test('exceptions show a stack; pending promises and process.exit are failures', async () => {
    await using rig = await createRig();
    const bodies = {
      thrown: "throw new Error('a bug here');",
      gathered: 'String(deps.list);',
      never: 'await new Promise(() => {});',
      exit: 'process.exit(0);',
    };
    rig.write({ 'stages/part/twice.ts': twice, in: '' });
    for (const [name, body] of Object.entries(bodies)) rig.write({ [`stages/${name}.ts`]: program(body) });
    rig.write({
      'pipeline.yaml': {
        stages: {
          b: { cmd: 'echo > ${outs.out}', outs: { out: 'o' } },
          ...Object.fromEntries(
            Object.keys(bodies).map((name) => [
              name,
              {
                uses: `stages/${name}.ts`,
                params: { word: 'x' },
                deps: { list: { from: 'b', out: 'out', gather: true } },
                outs: { out: 'o' },
              },
            ]),
          ),
        },
      },
    });
    const result = await rig.pipeline('run', '--keep-going').result;
    expect(result.json).toMatchObject({ ran: ['b'], failed: Object.keys(bodies) });
    expect(result.stderr).toMatch(/Error: a bug here\n.*at .*run/);
    expect(result.stderr).toContain('the dep "list" gathers several results');
    expect(result.stderr).toContain('a promise was never settled');
    expect(result.stderr).toContain('process.exit(0)');
  });

  test('Ctrl-C aborts its signal; it may write a checkpoint, but returns no result', async () => {
    await using rig = await createRig();
    const puppet = rig.puppet();
    rig.write({
      'stages/part/twice.ts': twice,
      'stages/a.ts':
        `import { connect } from 'node:net';` +
        `${program("const socket = connect(params.word); socket.write(JSON.stringify({ hello: 'puppet', pid: 0, context: {} }) + '\\n'); await new Promise((resolve) => signal.addEventListener('abort', resolve)); writeFileSync(scratch + '/checkpoint', 'step 3'); writeFileSync(outs.out, 'half'); socket.destroy();")}`,
      'pipeline.yaml': pipeline({ params: { word: puppet.cmd[1] } }),
    });
    const run = rig.process('run');
    await puppet.nextStart();
    run.kill('SIGINT');
    expect(await run.result).toMatchObject({ code: 130, json: { interrupted: ['a'] } });
    expect(rig.exists('artifacts/pipeline/a/out.txt')).toBe(false);
    const [key = ''] = readdirSync(join(rig.root, 'cache/scratch')).filter(
      (name) => !name.endsWith('.origin'),
    );
    expect(rig.read(`cache/scratch/${key}/checkpoint`)).toBe('step 3');
  });

  test('a signal that arrives while it keeps its thread busy counts before its result', async () => {
    await using rig = await createRig();
    rig.write({
      'stages/part/twice.ts': twice,
      'stages/a.ts': program("process.kill(process.pid, 'SIGTERM'); writeFileSync(outs.out, 'half');"),
      'pipeline.yaml': pipeline({ params: { word: 'x' } }),
    });
    const result = await rig.pipeline('run').result;
    expect(result.json).toMatchObject({ ran: [], failed: ['a'] });
    expect(rig.exists('artifacts/pipeline/a/out.txt')).toBe(false);
  });

  test('Ctrl-C: rethrowing the reason of its signal counts as interrupted', async () => {
    await using rig = await createRig();
    const puppet = rig.puppet();
    rig.write({
      'stages/part/twice.ts': twice,
      'stages/a.ts':
        `import { connect } from 'node:net';` +
        `${program("const socket = connect(params.word); socket.write(JSON.stringify({ hello: 'puppet', pid: 0, context: {} }) + '\\n'); await new Promise((resolve) => signal.addEventListener('abort', resolve)); socket.destroy(); signal.throwIfAborted();")}`,
      'pipeline.yaml': pipeline({ params: { word: puppet.cmd[1] } }),
    });
    const run = rig.process('run');
    await puppet.nextStart();
    run.kill('SIGINT');
    expect(await run.result).toMatchObject({ code: 130, json: { interrupted: ['a'] } });
    const [log = ''] = readdirSync(join(rig.root, 'cache/logs'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('.txt'));
    expect(rig.read(`cache/logs/${log}`)).toBe('');
  });

  test('faults are found before anything runs, all at once, each at its position', async () => {
    await using rig = await createRig();
    rig.write({
      'stages/part/twice.ts': twice,
      'stages/a.ts': copy,
      'stages/broken.ts': 'export const stage = {\n  run( };',
      'stages/none.ts': 'export const other = 1;',
      'pipeline.yaml': `stages:
  first: { cmd: "echo > \${outs.o}", outs: { o: o } }
  a: { uses: stages/a.ts, params: { wrod: x }, outs: { out: o, more: p } }
  b: { uses: stages/broken.ts, outs: { out: o } }
  c: { uses: stages/none.ts, outs: { out: o } }
  d: { cmd: [cat, "\${deps.x}"], deps: { x: stages/b.ts }, outs: { o: o } }
  e: { uses: stages/broke.ts, outs: { out: o } }
  f: { cmd: [sh, stages/a.ts], outs: { o: o }, resources: { cpus: 5000 } }
`,
    });
    const result = await rig.pipeline('run').result;
    expect(result.code).toBe(2);
    for (const text of [
      'params.wrod',
      'pipeline.yaml:3',
      'no out more',
      'does not export a stage',
      'stages/b.ts: no such file',
      'pipeline.yaml:7:14: error: stages/broke.ts: no such file',
      'did you mean "stages/broken.ts"?',
      'stages/broken.ts:2:8: error',
      '  2 |   run( };',
      'stages/a.ts", a file of the project',
      'f asks for more CPUs than this machine has',
    ])
      expect(result.stderr).toContain(text);
    expect(rig.exists('artifacts')).toBe(false);
  });
});
