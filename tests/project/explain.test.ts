import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RunRequest } from '../../src/runner/project.ts';
import { noColors } from '../../src/runner/wording/colors.ts';
import { explanationText } from '../../src/runner/report/explanation-text.ts';
import { displacedOutText } from '../../src/runner/report/outcome-text.ts';
import { plainLines } from '../../src/runner/report/display/plain.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';
import { openDatabase } from '../rig/open-database.ts';

const program = (more = ''): string => `import { writeFileSync } from 'node:fs';
${more}
export const stage = { params: { type: 'object' }, deps: ['rows'], outs: ['o', 'p?'], async run({ outs }) { for (const path of Object.values(outs)) writeFileSync(path, 'made'); } };
`;
const installed = (version: string): object => ({
  lockfileVersion: 3,
  packages: { 'node_modules/one': { version, integrity: `sha512-${version}` } },
});
const withPackage = (version: string): Readonly<Record<string, unknown>> => ({
  'node_modules/one/package.json': { name: 'one', main: 'index.js' },
  'node_modules/one/index.js': '',
  'node_modules/.package-lock.json': installed(version),
  'stages/a.ts': program("import 'one';"),
});

/** A stage of TypeScript, and one that reads it, whose `a` is changed. */
const pipeline = (a: object = {}): object => ({
  stages: {
    a: {
      uses: 'stages/a.ts',
      deps: { rows: 'rows' },
      params: { seed: 1, config: { rate: 0.1, size: 8 } },
      outs: { o: 'o' },
      ...a,
    },
    b: { cmd: 'cat ${deps.o} > ${outs.o}', deps: { o: { from: 'a', out: 'o' } }, outs: { o: 'o' } },
  },
});
const command = (a: object = {}): object =>
  pipeline({ uses: undefined, cmd: 'cp ${deps.rows} ${outs.o}', deps: { rows: 'rows/one.txt' }, ...a });

/** A stage that starts no Node, and reads a folder. */
const listing = (a: object = {}): object =>
  pipeline({ uses: undefined, cmd: 'ls ${deps.rows} > ${outs.o}', ...a });

const start = {
  'pipeline.yaml': pipeline(),
  'stages/a.ts': program(),
  'rows/one.txt': '1',
  'rows/two.txt': '2',
  'rows/sub/three.txt': '3',
};

async function explained(project: InProcess, instance: string): Promise<string> {
  const explanation = await project.ask((asked) => asked.explain(instance));
  if (!explanation.ok) throw new Error(JSON.stringify(explanation.error));
  return anyDigest(explanationText(explanation.value));
}

/** What a run says as it goes, without how long things took. */
async function shown(project: InProcess, request: Partial<RunRequest> = {}): Promise<readonly string[]> {
  const { events } = await project.run(request);
  return events
    .flatMap((event) => plainLines(event, noColors, () => undefined))
    .map((line) => anyDigest(line).replace(/\d+\.\d s/g, '0.0 s'));
}

/** Digests depend on the bundler and the machine. */
const anyDigest = (text: string): string =>
  text.replace(/\b[0-9a-f]{8}(?:[0-9a-f]{4})?\b/g, (digest) => 'd'.repeat(digest.length));

afterEach(() => vi.unstubAllEnvs());

describe('explain and the line of the run name what changed, field by field', () => {
  test.each<
    readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>, readonly string[]]
  >([
    [
      'a param',
      { 'pipeline.yaml': listing() },
      { 'pipeline.yaml': listing({ params: { seed: 2, config: { rate: 0.1, size: 8 } } }) },
      ['params.seed 1 → 2'],
    ],
    [
      'a nested param',
      { 'pipeline.yaml': listing() },
      { 'pipeline.yaml': listing({ params: { seed: 1, config: { rate: 0.2, size: 8 } } }) },
      ['params.config.rate 0.1 → 0.2'],
    ],
    [
      'params that come and go',
      { 'pipeline.yaml': listing() },
      { 'pipeline.yaml': listing({ params: { seed: 1, config: { rate: 0.1, name: 'x' } } }) },
      ['params.config.size removed (it was 8)', 'params.config.name added: "x"'],
    ],
    [
      'a file among many of a dep',
      { 'pipeline.yaml': listing() },
      { 'rows/sub/three.txt': 'x' },
      ['dep rows: sub/three.txt changed'],
    ],
    [
      'a file that is new in a dep',
      { 'pipeline.yaml': listing() },
      { 'rows/four.txt': '4' },
      ['dep rows: four.txt added'],
    ],
    [
      'another path of a dep',
      {
        'pipeline.yaml': listing(),
        'lines/one.txt': '1',
        'lines/two.txt': '2',
        'lines/sub/three.txt': '3',
      },
      { 'pipeline.yaml': listing({ deps: { rows: 'lines' } }) },
      ['dep rows: file name rows → lines'],
    ],
    [
      'the content of a file',
      { 'pipeline.yaml': command() },
      { 'rows/one.txt': 'x' },
      ['dep rows: rows/one.txt changed (dddddddd → dddddddd)'],
    ],
    ['code', {}, { 'stages/a.ts': program('console.log(1);') }, ['code: stages/a.ts changed']],
    [
      'code in a new file, and another that is no longer used',
      { 'stages/a.ts': program("import './one.ts';"), 'stages/one.ts': 'console.log(1);' },
      { 'stages/a.ts': program("import './two.ts';"), 'stages/two.ts': 'console.log(2);' },
      ['code: stages/a.ts changed, stages/one.ts removed, stages/two.ts added'],
    ],
    [
      'the words of a command',
      { 'pipeline.yaml': command() },
      { 'pipeline.yaml': command({ cmd: 'cp -f ${deps.rows} ${outs.o}' }) },
      ['command cp ${deps.rows} ${outs.o} → cp -f ${deps.rows} ${outs.o}'],
    ],
    [
      'the code of a command',
      { 'pipeline.yaml': command({ code: ['tool'] }), tool: '1' },
      { tool: '2' },
      ['code tool changed (dddddddd → dddddddd)'],
    ],
    ['the version of a package', withPackage('1.0.0'), withPackage('1.0.1'), ['package one 1.0.0 → 1.0.1']],
    [
      'an out that is declared',
      {},
      { 'pipeline.yaml': pipeline({ outs: { o: 'o', p: 'p' } }) },
      ['out p: added: p'],
    ],
    [
      'the path of an out',
      { 'pipeline.yaml': listing() },
      { 'pipeline.yaml': listing({ outs: { o: 'other' } }) },
      ['out o: o → other'],
    ],
  ])('%s', async (_, before, change, reasons) => {
    using project = inProcess();
    project.write({ ...start, ...before });
    await project.run();
    project.write(change);
    expect(await explained(project, 'a')).toBe(
      `a: out of date (key dddddddddddd)\n${reasons.map((reason) => `  ${reason}\n`).join('')}`,
    );
    expect((await shown(project))[0]).toBe(
      `▸ a  started: ${reasons[0]}` +
        `${reasons.length === 1 ? '' : ` and ${reasons.length - 1} more (see \`pipeline log a\`)`}`,
    );
    expect(await explained(project, 'a')).toBe(
      'a: up to date (key dddddddddddd)\n' +
        '  outputs match the cached result (`pipeline log a` shows why it last ran)\n',
    );
  });

  test('an upstream dep: a waiting instance names it; then the dep is named', async () => {
    using project = inProcess();
    project.write({ ...start, 'pipeline.yaml': command() });
    await project.run();
    project.write({ 'rows/one.txt': 'x' });
    expect(await explained(project, 'b')).toBe('b: waiting\n  may run, depending on the results of a\n');
    await project.run({ patterns: ['a'] });
    expect(await explained(project, 'b')).toBe(
      'b: out of date (key dddddddddddd)\n  dep o: content changed (dddddddd → dddddddd)\n',
    );
    project.write({
      'rows/one.txt': 'y',
      'pipeline.yaml': JSON.stringify(command()).replace('cat $', 'cat -u $'),
    });
    expect(await explained(project, 'b')).toBe(
      'b: waiting\n  command cat ${deps.o} > ${outs.o} → cat -u ${deps.o} > ${outs.o}\n' +
        '  its inputs may change too, depending on the results of a\n',
    );
  });

  test('a member of a gathered dep, by an instance name that can be typed', async () => {
    using project = inProcess();
    const gathering = (...points: readonly object[]): object => ({
      stages: {
        a: { matrix: { set: ['x'], config: points }, cmd: 'echo ${config.r} > ${outs.o}', outs: { o: 'o' } },
        b: {
          cmd: 'cat ${deps.all} > ${outs.o}',
          deps: { all: { from: 'a', out: 'o', gather: true } },
          outs: { o: 'o' },
        },
      },
    });
    project.write({ 'pipeline.yaml': gathering({ name: 'one', r: 1 }, { name: 'two', r: 2 }) });
    await project.run();
    project.write({ 'pipeline.yaml': gathering({ name: 'two', r: 5 }, { name: 'three', r: 3 }, { r: 4 }) });
    await project.run({ patterns: ['a'] });
    expect(await explained(project, 'b')).toBe(
      'b: out of date (key dddddddddddd)\n' +
        '  dep all: a[x,three] added, a[x,r=4] added, a[x,one] removed and 1 more\n',
    );
    expect((await shown(project))[0]).toBe(
      '▸ b  started: dep all: a[x,three] added, a[x,r=4] added, a[x,one] removed and 1 more',
    );
    project.write({ 'pipeline.yaml': gathering({ name: 'two', r: 6 }, { name: 'three', r: 3 }, { r: 4 }) });
    await project.run({ patterns: ['a'] });
    expect(await explained(project, 'b')).toBe(
      'b: out of date (key dddddddddddd)\n  dep all: a[x,two] changed\n',
    );
  });

  test('an environment variable, by digest since it may be secret', async () => {
    using project = inProcess();
    project.write({ ...start, 'pipeline.yaml': listing({ env: ['EXPLAINED'] }) });
    vi.stubEnv('EXPLAINED', 'secret one');
    await project.run();
    vi.stubEnv('EXPLAINED', 'secret two');
    expect(await explained(project, 'a')).toBe(
      'a: out of date (key dddddddddddd)\n  env EXPLAINED: digest dddddddd → digest dddddddd\n',
    );
    vi.stubEnv('EXPLAINED', undefined);
    expect(await explained(project, 'a')).toBe(
      'a: out of date (key dddddddddddd)\n  env EXPLAINED: digest dddddddd → unset\n',
    );
  });

  test('the platform, and a runner with another format', async () => {
    using project = inProcess();
    project.write(start);
    await project.run();
    changeRows(
      project,
      "UPDATE results SET key = replace(key, substr(key, 1, 8), '00000000'), manifest = " +
        "json_set(manifest, '$.platform.arch', 'vax', '$.format', '0') WHERE instance = 'a'",
      'DELETE FROM entries',
      'DELETE FROM attempts',
    );
    expect((await explained(project, 'a')).split('\n').slice(1, 3)).toEqual([
      expect.stringMatching(/^ {2}the runner changed: manifest format 0 → "1, esbuild .*"$/),
      `  platform arch vax → ${process.arch}`,
    ]);
  });
});

describe('the state of a result is named', () => {
  const made = async (project: InProcess): Promise<void> => {
    project.write({ ...start, 'pipeline.yaml': command() });
    await project.run();
  };

  test('nothing has run yet; forced', async () => {
    using project = inProcess();
    project.write({ ...start, 'pipeline.yaml': command() });
    expect(await explained(project, 'a')).toBe('a: out of date (key dddddddddddd)\n  no result yet\n');
    expect((await shown(project))[0]).toBe('▸ a  started: no result yet');
    expect((await shown(project, { force: true, patterns: ['a'] }))[0]).toBe('▸ a  started: forced');
  });

  test('the last attempt failed, with the reason', async () => {
    using project = inProcess();
    project.write({
      ...start,
      'pipeline.yaml': command({ cmd: 'test ! -e ${deps.rows} && touch ${outs.o}' }),
    });
    expect(await shown(project)).toEqual([
      '▸ a  started: no result yet',
      '✗ a  failed after 0.0 s: exit code 1',
      '– b  not started: a failed',
    ]);
    expect(await explained(project, 'a')).toBe(
      'a: failed (key dddddddddddd)\n  last attempt failed with exit code 1 (see `pipeline log a`)\n',
    );
    expect(await shown(project)).toEqual([
      '▸ a  started: the last attempt failed',
      '✗ a  failed after 0.0 s: exit code 1',
      '– b  not started: a failed',
    ]);
  });

  test('the last attempt was interrupted', async () => {
    using project = inProcess();
    await made(project);
    project.write({ 'rows/one.txt': 'x' });
    await project.run({ patterns: ['a'] });
    changeRows(
      project,
      "UPDATE attempts SET ended = 'interrupted'",
      'DELETE FROM entries',
      "UPDATE outcomes SET kind = 'interrupted' WHERE instance = 'a'",
    );
    expect(await explained(project, 'a')).toBe(
      'a: interrupted (key dddddddddddd)\n  the last attempt was interrupted\n',
    );
    expect((await shown(project))[0]).toBe('▸ a  started: the last attempt was interrupted');
  });

  test('an interruption does not hide changes', async () => {
    using project = inProcess();
    await made(project);
    project.write({
      'rows/one.txt': 'x',
      'pipeline.yaml': command({ params: { seed: 2, config: { rate: 0.1, size: 8 } } }),
    });
    await project.run({ patterns: ['a'] });
    changeRows(
      project,
      "UPDATE attempts SET ended = 'interrupted'",
      'DELETE FROM entries',
      "UPDATE results SET manifest = json_set(manifest, '$.params.seed', 1, '$.params.old', 0) " +
        "WHERE instance = 'a'",
    );
    expect((await shown(project))[0]).toBe(
      '▸ a  started: the last attempt was interrupted; params.seed 1 → 2 and 1 more (see `pipeline log a`)',
    );
  });

  test('the result is no longer in the cache', async () => {
    using project = inProcess();
    await made(project);
    changeRows(project, 'DELETE FROM entries');
    expect(await explained(project, 'a')).toBe(
      'a: out of date (key dddddddddddd)\n  its result is no longer in the cache\n',
    );
    expect((await shown(project))[0]).toBe('▸ a  started: its result is no longer in the cache');
  });

  test('an object of it is missing', async () => {
    using project = inProcess();
    await made(project);
    rmSync(join(project.root, 'cache/objects'), { recursive: true });
    expect(await explained(project, 'a')).toBe(
      'a: out of date (key dddddddddddd)\n' +
        '  the cached artifacts/pipeline/a/o is missing or damaged (object dddddddd)\n',
    );
  });

  test('an output was edited, deleted, or differs in one file of a folder: it is restored', async () => {
    using project = inProcess();
    project.write({
      ...start,
      'pipeline.yaml': command({ cmd: 'cp -r ${deps.rows} ${outs.o}', deps: { rows: 'rows' } }),
    });
    await project.run({ patterns: ['a'] });
    writeFileSync(join(project.root, 'artifacts/pipeline/a/o/two.txt'), 'edited');
    expect(await explained(project, 'a')).toBe(
      'a: restorable (key dddddddddddd)\n' +
        '  artifacts/pipeline/a/o: two.txt changed (restore it with `pipeline run a`)\n',
    );
    expect(await shown(project, { patterns: ['a'] })).toEqual([
      '↺ a  restored from the cache (1 file, 1 B): artifacts/pipeline/a/o: two.txt changed',
    ]);
    rmSync(join(project.root, 'artifacts/pipeline/a/o'), { recursive: true });
    expect(await explained(project, 'a')).toBe(
      'a: restorable (key dddddddddddd)\n' +
        '  artifacts/pipeline/a/o is missing (restore it with `pipeline run a`)\n',
    );
    expect(await shown(project, { patterns: ['a'] })).toEqual([
      '↺ a  restored from the cache (3 files, 3 B): artifacts/pipeline/a/o was missing',
    ]);
  });

  test('declared to always run', async () => {
    using project = inProcess();
    project.write({ ...start, 'pipeline.yaml': command({ cache: false }) });
    await project.run();
    expect(await explained(project, 'a')).toBe(
      'a: out of date (key dddddddddddd)\n  the stage has `cache: false`\n',
    );
  });
});

/** What another machine, a killed run or garbage collection leaves in the store. */
function changeRows({ root }: InProcess, ...statements: readonly string[]): void {
  const rows = openDatabase(join(root, 'cache/pipeline.sqlite'));
  for (const statement of statements) rows.exec(statement);
  rows.close();
}

test('an out that contains another result of its instance is not reported as changed', async () => {
  using project = inProcess();
  const write = (data: string): void =>
    project.write({
      data,
      'pipeline.yaml': {
        stages: { a: { cmd: 'cat ${deps.d} > ${outs.o}', deps: { d: 'data' }, outs: { o: 'o' } } },
      },
    });
  const displaced = async (): Promise<unknown> => {
    const status = await project.ask((open) => open.status({ patterns: [], mode: 'needs' }));
    return (
      status.ok &&
      status.value.instances.map((instance) => instance.displaced.map((out) => displacedOutText(out)))
    );
  };
  for (const data of ['1', '2']) {
    write(data);
    await project.run();
  }
  write('1');
  expect(await displaced()).toEqual([['artifacts/pipeline/a/o contains another result']]);
  project.write({ 'artifacts/pipeline/a/o': 'mine' });
  expect(await displaced()).toEqual([['artifacts/pipeline/a/o was changed']]);
});
