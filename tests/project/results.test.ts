import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { InstanceMetrics } from '../../src/runner/project.ts';
import { type InProcess, inProcess } from '../rig/in-process.ts';

/** An instance for each n, whose metrics are its param and a number from the data. */
const pipeline = (rate: number, more: object = {}): object => ({
  stages: {
    train: {
      matrix: { n: [1, 2] },
      cmd: `printf '{"rate": ${rate}, "n": %s, "of": {"data": %s}}' \${n} $(cat \${deps.data}) > \${outs.m}`,
      deps: { data: 'data' },
      outs: { m: { path: 'm.json', kind: 'metrics' } },
      ...more,
    },
  },
});

async function finished(more: object = {}): Promise<InProcess> {
  const project = inProcess();
  project.write({ data: '5', 'pipeline.yaml': pipeline(0.1, more) });
  expect((await project.run()).problem).toBeUndefined();
  return project;
}

async function metrics(project: InProcess): Promise<readonly InstanceMetrics[]> {
  const answer = await project.ask((open) => open.metrics({ patterns: [], mode: 'needs' }));
  if (!answer.ok) throw new Error(answer.error.kind);
  return answer.value;
}

const shown = (measured: readonly InstanceMetrics[]): readonly string[] =>
  measured.map(
    ({ instance, state, values }) =>
      `${instance} ${state} ${Object.entries(values)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
  );

/** Numbers that are the param p, by a program of TypeScript. */
const scored = (p: number, more: object = {}): object => ({
  stages: {
    train: { uses: 'train.ts', params: { p }, outs: { m: { path: 'm.json', kind: 'metrics' } }, ...more },
  },
});
const program =
  `import { writeFile } from 'node:fs/promises';\n` +
  `export const stage = { params: { type: 'object', properties: { p: { type: 'number' } } }, deps: ` +
  `[], outs: ['m'], packages: [], run: ({ params, outs }) => writeFile(outs.m, JSON.stringify({ ` +
  `score: params.p })) };\n`;

test('numbers of a result are up to date as long as its inputs are', async () => {
  using project = await finished();
  expect(shown(await metrics(project))).toEqual([
    'train[1] up-to-date rate=0.1 n=1 of.data=5',
    'train[2] up-to-date rate=0.1 n=2 of.data=5',
  ]);
});

test.each<[string, (project: InProcess) => void]>([
  ['the pipeline file', (project) => project.write({ 'pipeline.yaml': pipeline(0.2) })],
  ['the data', (project) => project.write({ data: '6' })],
])('after an edit of %s, the last numbers are shown as out of date', async (_, edit) => {
  using project = await finished();
  edit(project);
  expect(shown(await metrics(project))).toEqual([
    'train[1] out-of-date rate=0.1 n=1 of.data=5',
    'train[2] out-of-date rate=0.1 n=2 of.data=5',
  ]);
});

test('out-of-date numbers are shown with the params that they were made with', async () => {
  using project = inProcess();
  project.write({ 'train.ts': program, 'pipeline.yaml': scored(6) });
  expect((await project.run()).problem).toBeUndefined();
  project.write({ 'pipeline.yaml': scored(99) });
  expect(await metrics(project)).toMatchObject([
    { state: 'out-of-date', params: { p: 6 }, values: { score: 6 }, axes: {} },
  ]);
});

test('for a file edited by hand or deleted, the result is shown', async () => {
  using project = await finished();
  writeFileSync(join(project.root, 'artifacts/pipeline/train/1/m.json'), '{"rate": 99}');
  rmSync(join(project.root, 'artifacts/pipeline/train/2'), { recursive: true });
  expect(shown(await metrics(project))).toEqual([
    'train[1] up-to-date rate=0.1 n=1 of.data=5',
    'train[2] up-to-date rate=0.1 n=2 of.data=5',
  ]);
});

test('an uncached result is shown while its files are as the run left them', async () => {
  using project = await finished({ cache: false });
  expect(shown(await metrics(project))).toMatchObject([
    'train[1] not-cached rate=0.1 n=1 of.data=5',
    'train[2] not-cached rate=0.1 n=2 of.data=5',
  ]);
  writeFileSync(join(project.root, 'artifacts/pipeline/train/1/m.json'), '{"rate": 99}');
  expect(shown(await metrics(project))).toEqual(['train[2] not-cached rate=0.1 n=2 of.data=5']);
});

test('uncached numbers are shown with their params while they match', async () => {
  using project = inProcess();
  project.write({ 'train.ts': program, 'pipeline.yaml': scored(1, { cache: false }) });
  await project.run();
  expect(await metrics(project)).toMatchObject([
    { state: 'not-cached', params: { p: 1 }, values: { score: 1 } },
  ]);
  project.write({ 'pipeline.yaml': scored(2, { cache: false }) });
  expect(await metrics(project)).toMatchObject([{ state: 'not-cached', params: {}, values: { score: 1 } }]);
});

test('a newer uncached result takes precedence over an older one', async () => {
  using project = inProcess();
  project.write({ 'train.ts': program, 'pipeline.yaml': scored(1) });
  await project.run();
  project.write({ 'pipeline.yaml': scored(3, { cache: false }) });
  await project.run();
  expect(await metrics(project)).toMatchObject([
    { state: 'not-cached', params: { p: 3 }, values: { score: 3 } },
  ]);
});

test('a dependent of an uncached stage is up to date while that one would be the same', async () => {
  using project = inProcess();
  const chain = (word: string): object => ({
    stages: {
      a: { cmd: `echo ${word} > \${outs.o}`, outs: { o: 'o' }, cache: false },
      b: {
        cmd: 'cat ${deps.a} > ${outs.o}',
        deps: { a: { from: 'a', out: 'o' } },
        outs: { o: 'o' },
        cache: false,
      },
      c: {
        cmd: 'printf \'{"n": %s}\' $(cat ${deps.b}) > ${outs.m}',
        deps: { b: { from: 'b', out: 'o' } },
        outs: { m: { path: 'm.json', kind: 'metrics' } },
      },
    },
  });
  project.write({ 'pipeline.yaml': chain('1') });
  expect((await project.run()).outcomes).toEqual({ a: 'ran', b: 'ran', c: 'ran' });
  expect(shown(await metrics(project))).toEqual(['c up-to-date n=1']);
  expect((await project.run({ patterns: ['c'], mode: 'only' })).warnings).toEqual([]);
  project.write({ 'pipeline.yaml': chain('2') });
  expect(shown(await metrics(project))).toEqual(['c out-of-date n=1']);
  expect((await project.run({ patterns: ['c'], mode: 'only' })).warnings).toEqual(['out-of-date']);
});

test('invalid JSON is reported with its position, beside the other numbers', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': {
      stages: {
        train: {
          matrix: { n: [1, 2] },
          cmd: [
            'sh',
            '-c',
            'if [ "$1" = 1 ]; then echo \'{"loss": nan}\'; else echo \'{"loss": 2}\'; fi > "$0"',
            '${outs.m}',
            '${n}',
          ],
          outs: { m: { path: 'm.json', kind: 'metrics' } },
        },
      },
    },
  });
  await project.run();
  expect(await metrics(project)).toMatchObject([
    {
      instance: 'train[1]',
      values: {},
      faults: [{ path: 'artifacts/pipeline/train/1/m.json', line: 1, column: 11 }],
    },
    { instance: 'train[2]', values: { loss: 2 }, faults: [] },
  ]);
});

test.each(['[1, 2]', '3', '{"loss": [1, 2], "name": "x"}', '{"loss": null}'])(
  'a metrics file without a number in its maps is reported, not skipped: %s',
  async (text) => {
    using project = inProcess();
    project.write({
      m: text,
      'pipeline.yaml': {
        stages: {
          a: {
            cmd: 'cp ${deps.m} ${outs.m}',
            deps: { m: 'm' },
            outs: { m: { path: 'm.json', kind: 'metrics' } },
          },
        },
      },
    });
    await project.run();
    expect(await metrics(project)).toMatchObject([
      {
        values: {},
        faults: [
          {
            path: 'artifacts/pipeline/a/m.json',
            message: expect.stringContaining('expected a map of numbers'),
          },
        ],
      },
    ]);
  },
);

test('with a missing dep the previous numbers are shown', async () => {
  using project = await finished();
  rmSync(join(project.root, 'data'));
  expect(shown(await metrics(project))).toEqual([
    'train[1] out-of-date rate=0.1 n=1 of.data=5',
    'train[2] out-of-date rate=0.1 n=2 of.data=5',
  ]);
});

/** Metrics files as they stand, an out each. */
async function measuring(files: Readonly<Record<string, string>>, more: object = {}): Promise<InProcess> {
  const project = inProcess();
  const names = Object.keys(files);
  project.write({
    ...Object.fromEntries(names.map((name) => [`data/${name}.json`, files[name]])),
    'pipeline.yaml': {
      stages: {
        a: {
          cmd: names.map((name) => `cp \${deps.${name}} \${outs.${name}}`).join(' && '),
          deps: Object.fromEntries(names.map((name) => [name, `data/${name}.json`])),
          outs: Object.fromEntries(names.map((name) => [name, { path: `${name}.json`, kind: 'metrics' }])),
          ...more,
        },
      },
    },
  });
  expect((await project.run()).outcomes).toEqual({ a: 'ran' });
  return project;
}

const valuesOf = async (project: InProcess): Promise<readonly (readonly [string, unknown])[]> =>
  (await metrics(project)).flatMap(({ values }) => Object.entries(values));

test.each<[string, Readonly<Record<string, string>>, readonly (readonly [string, unknown])[]]>([
  [
    'two outs with a common name',
    { train: '{"loss": 1, "steps": 3}', test: '{"loss": 2}' },
    [
      ['test.loss', 2],
      ['train.loss', 1],
      ['steps', 3],
    ],
  ],
  [
    'a nested name and one with a dot',
    { m: '{"a.b": 1, "a": {"b": 2}}' },
    [
      ['"a.b"', 1],
      ['a.b', 2],
    ],
  ],
  [
    'a name that reads like a qualified one',
    { a: '{"loss": 1}', b: '{"loss": 2}', c: '{"a": {"loss": 3}}' },
    [
      ['a.loss', 1],
      ['b.loss', 2],
      ['c.a.loss', 3],
    ],
  ],
  [
    'names of JavaScript',
    { m: '{"__proto__": 1, "constructor": 2}' },
    [
      ['__proto__', 1],
      ['constructor', 2],
    ],
  ],
  ['an empty name', { m: '{"": 1}' }, [['""', 1]]],
])('no metric hides another: %s', async (_, files, expected) => {
  using project = await measuring(files);
  expect(await valuesOf(project)).toEqual(expected);
});

test('numbers of Python are read, nothing beside them is lost; integers keep all digits', async () => {
  using project = await measuring({
    m:
      '{"nan": NaN, "up": Infinity, "down": -Infinity, "text": "NaN \\"Infinity\\"", "list": ' +
      '[NaN], "id": 9007199254740993, "less": -12345678901234567890, "plain": 9007199254740992, ' +
      '"float": 1e22, "loss": 0.5}',
  });
  expect(await valuesOf(project)).toEqual([
    ['nan', Number.NaN],
    ['up', Infinity],
    ['down', -Infinity],
    ['id', 9007199254740993n],
    ['less', -12345678901234567890n],
    ['plain', 9007199254740992n],
    ['float', 1e22],
    ['loss', 0.5],
  ]);
});

test('a fault beside a NaN is reported at its position', async () => {
  using project = await measuring({ m: '{"a": NaN,\n "b": -NaN}' });
  expect((await metrics(project)).map(({ faults }) => faults)).toMatchObject([[{ line: 2, column: 8 }]]);
});
