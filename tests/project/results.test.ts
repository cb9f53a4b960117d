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
const program = `import { writeFile } from 'node:fs/promises';\nexport const stage = { params: { type: 'object', properties: { p: { type: 'number' } } }, deps: [], outs: ['m'], packages: [], run: ({ params, outs }) => writeFile(outs.m, JSON.stringify({ score: params.p })) };\n`;

test('numbers of a result are current as long as all that it is of is', async () => {
  using project = await finished();
  expect(shown(await metrics(project))).toEqual([
    'train[1] current rate=0.1 n=1 of.data=5',
    'train[2] current rate=0.1 n=2 of.data=5',
  ]);
});

test.each<[string, (project: InProcess) => void]>([
  ['the pipeline file', (project) => project.write({ 'pipeline.yaml': pipeline(0.2) })],
  ['the data', (project) => project.write({ data: '6' })],
])('after an edit of %s, the numbers are the last ones and are said to be so', async (_, edit) => {
  using project = await finished();
  edit(project);
  expect(shown(await metrics(project))).toEqual([
    'train[1] outdated rate=0.1 n=1 of.data=5',
    'train[2] outdated rate=0.1 n=2 of.data=5',
  ]);
});

test('beside outdated numbers stand the params that they were made with', async () => {
  using project = inProcess();
  project.write({ 'train.ts': program, 'pipeline.yaml': scored(6) });
  expect((await project.run()).problem).toBeUndefined();
  project.write({ 'pipeline.yaml': scored(99) });
  expect(await metrics(project)).toMatchObject([
    { state: 'out-of-date', params: { p: 6 }, values: { score: 6 }, axes: {} },
  ]);
});

test('a file that was edited by hand, or is gone, is not what is shown: the result is', async () => {
  using project = await finished();
  writeFileSync(join(project.root, 'artifacts/pipeline/train/1/m.json'), '{"rate": 99}');
  rmSync(join(project.root, 'artifacts/pipeline/train/2'), { recursive: true });
  expect(shown(await metrics(project))).toEqual([
    'train[1] current rate=0.1 n=1 of.data=5',
    'train[2] current rate=0.1 n=2 of.data=5',
  ]);
});

test('a result that is not cached is shown as it stands, while it is as the run left it', async () => {
  using project = await finished({ cache: false });
  expect(shown(await metrics(project))).toMatchObject([
    'train[1] uncached rate=0.1 n=1 of.data=5',
    'train[2] uncached rate=0.1 n=2 of.data=5',
  ]);
  writeFileSync(join(project.root, 'artifacts/pipeline/train/1/m.json'), '{"rate": 99}');
  expect(shown(await metrics(project))).toEqual(['train[2] uncached rate=0.1 n=2 of.data=5']);
});

test('beside numbers that are not cached stand the params while they are those that they were made with', async () => {
  using project = inProcess();
  project.write({ 'train.ts': program, 'pipeline.yaml': scored(1, { cache: false }) });
  await project.run();
  expect(await metrics(project)).toMatchObject([
    { state: 'not-cached', params: { p: 1 }, values: { score: 1 } },
  ]);
  project.write({ 'pipeline.yaml': scored(2, { cache: false }) });
  expect(await metrics(project)).toMatchObject([{ state: 'not-cached', params: {}, values: { score: 1 } }]);
});

test('a newer result that is not cached goes before an older one that is', async () => {
  using project = inProcess();
  project.write({ 'train.ts': program, 'pipeline.yaml': scored(1) });
  await project.run();
  project.write({ 'pipeline.yaml': scored(3, { cache: false }) });
  await project.run();
  expect(await metrics(project)).toMatchObject([
    { state: 'not-cached', params: { p: 3 }, values: { score: 3 } },
  ]);
});

test('what reads from a stage that is never cached is current, as long as that one would be made the same', async () => {
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
  expect(shown(await metrics(project))).toEqual(['c current n=1']);
  expect((await project.run({ patterns: ['c'], mode: 'only' })).warnings).toEqual([]);
  project.write({ 'pipeline.yaml': chain('2') });
  expect(shown(await metrics(project))).toEqual(['c outdated n=1']);
  expect((await project.run({ patterns: ['c'], mode: 'only' })).warnings).toEqual(['out-of-date']);
});

test('numbers that are no JSON, as the NaN that Python writes, are told with their place, beside the others', async () => {
  using project = inProcess();
  project.write({
    'pipeline.yaml': {
      stages: {
        train: {
          matrix: { n: [1, 2] },
          cmd: [
            'sh',
            '-c',
            'if [ "$1" = 1 ]; then echo \'{"loss": NaN}\'; else echo \'{"loss": 2}\'; fi > "$0"',
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
      faults: [{ path: 'artifacts/pipeline/train/1/m.json', line: 1, column: 10 }],
    },
    { instance: 'train[2]', values: { loss: 2 }, faults: [] },
  ]);
});

test.each(['[1, 2]', '3', '{"loss": [1, 2], "name": "x"}', '{"loss": null}'])(
  'a file of metrics without a number in its maps is told of, not passed over: %s',
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

test('a dep that is missing leaves the numbers of before', async () => {
  using project = await finished();
  rmSync(join(project.root, 'data'));
  expect(shown(await metrics(project))).toEqual([
    'train[1] outdated rate=0.1 n=1 of.data=5',
    'train[2] outdated rate=0.1 n=2 of.data=5',
  ]);
});
