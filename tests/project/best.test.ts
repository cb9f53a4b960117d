import { expect, test } from 'vitest';
import { bestWithin } from '../../src/stage/best.ts';
import { metricsText } from '../../src/runner/report/metrics/metrics-text.ts';
import { openProject } from '../../src/runner/project.ts';
import { workspaceDisk } from '../../src/runner/workspace/disk/workspace-disk.ts';
import { helpersHere } from '../rig/helpers-here.ts';
import { inProcess, type InProcess } from '../rig/in-process.ts';

const pipeline = (best: object | undefined, more: object = {}) => ({
  'pipeline.yaml': {
    ...(best === undefined ? {} : { best }),
    stages: {
      train: {
        matrix: { data: ['x', 'y'], size: [1, 2, 3] },
        cmd:
          `printf '{"loss": %s, "deep": {"f1": %s}}' \${size} \${size} > \${outs.summary}; echo > ` +
          `\${outs.model}`,
        outs: { summary: { path: 's.json', kind: 'metrics' }, model: 'm' },
      },
      ...more,
    },
  },
});

async function marked(
  project: InProcess,
  patterns: readonly string[] = [],
): Promise<readonly (readonly [string, string])[]> {
  const measured = await project.ask((asked) => asked.metrics({ patterns, mode: 'only' }));
  if (!measured.ok) throw new Error(measured.error.kind);
  return measured.value.flatMap(({ instance, best }) =>
    best === undefined ? [] : [[instance, best] as const],
  );
}

test('metrics marks the best of each group as declared; another declaration runs nothing', async () => {
  using project = inProcess();
  project.write(pipeline(undefined));
  await project.run();
  expect(await marked(project)).toEqual([]);
  project.write(pipeline({ by: 'train.summary.loss', goal: 'min', within: ['data'] }));
  expect(await marked(project)).toEqual([
    ['train[x,1]', 'loss'],
    ['train[y,1]', 'loss'],
  ]);
  project.write(pipeline({ by: 'train.summary.deep.f1', goal: 'max' }));
  expect(await marked(project)).toEqual([
    ['train[x,3]', 'deep.f1'],
    ['train[y,3]', 'deep.f1'],
  ]);
  expect(new Set(Object.values((await project.run()).outcomes))).toEqual(new Set(['up-to-date']));
});

test('the shown columns do not change which one is the best', async () => {
  using project = inProcess();
  project.write(pipeline({ by: 'train.summary.loss', goal: 'min' }));
  await project.run();
  expect(await marked(project, ['train[x,2]', 'train[x,3]'])).toEqual([]);
  expect(await marked(project, ['train[x,*]'])).toEqual([['train[x,1]', 'loss']]);
});

test('only stages that refer to the declaration rerun when it changes', async () => {
  using project = inProcess();
  const table = {
    table: {
      cmd: ['sh', '-c', 'echo "$1" > "$2"', 'sh', '${params.best.by}', '${outs.t}'],
      params: { best: '${best}' },
      outs: { t: 't' },
    },
    other: { cmd: 'echo > ${outs.o}', outs: { o: 'o' } },
  };
  project.write(pipeline({ by: 'train.summary.loss', goal: 'min' }, table));
  await project.run();
  project.write(pipeline({ by: 'train.summary.deep.f1', goal: 'min' }, table));
  const { outcomes } = await project.run();
  expect(Object.entries(outcomes).filter(([, outcome]) => outcome !== 'up-to-date')).toEqual([
    ['table', 'ran'],
  ]);
});

test.each([
  [
    { by: 'tran.summary.loss', goal: 'min' },
    'unknown-reference: there is no "tran" among the stages: expected train',
  ],
  [
    { by: 'train.model.loss', goal: 'min' },
    'unknown-reference: there is no "model" among the outs of kind metrics of train: expected summary',
  ],
  [
    { by: 'train.summary', goal: 'min' },
    'bad-best: "train.summary" is not the name of a metric: expected stage.out.name, as in ' +
      'train.summary.loss',
  ],
  [
    { by: 'train.summary.loss', goal: 'min', within: ['date'] },
    'unknown-reference: there is no "date" among the axes of train: expected one of data, size',
  ],
  [
    { by: 'train.summary.loss', goal: 'least' },
    'wrong-type: expected one of min, max, found the text "least"',
  ],
])('%j is refused before anything runs', async (best, problem) => {
  using project = inProcess();
  project.write(pipeline(best));
  expect((await project.run()).problem).toContain(problem);
});

test('a number that no result has is a warning', async () => {
  using project = inProcess();
  project.write(pipeline({ by: 'train.summary.los', goal: 'min' }));
  await project.run();
  expect(await marked(project)).toEqual([]);
  const warnings: string[] = [];
  const opened = await openProject(
    { folder: project.root, onWarning: ({ message }) => void warnings.push(message) },
    {
      disk: workspaceDisk,
      helpers: await helpersHere(),
      environment: {},
      now: () => 0n,
      retryDelay: () => 0,
    },
  );
  await opened.metrics({ patterns: [], mode: 'needs' });
  opened.close();
  expect(warnings).toEqual([
    'no result of train has a number "los" in its out summary, so none is marked as the best',
  ]);
});

test('the table explains its star', async () => {
  using project = inProcess();
  project.write(pipeline({ by: 'train.summary.loss', goal: 'min' }));
  await project.run();
  const measured = await project.ask((asked) => asked.metrics({ patterns: [], mode: 'needs' }));
  expect(measured.ok ? metricsText(measured.value, undefined, 80) : '').toMatch(
    /1\*[\s\S]*\n\* the best by the rule `best` in the pipeline file/,
  );
});

test('ties are all the best, NaN never is, and maps are one group whatever their order', () => {
  const best = (instances: Parameters<typeof bestWithin>[0]) =>
    bestWithin(instances, { goal: 'max', within: ['a'] }).map((group) =>
      group.best.map(({ value }) => value),
    );
  expect(
    best([
      { axes: { a: { x: 1, y: 2 }, b: 1 }, value: 1 },
      { axes: { a: { y: 2, x: 1 }, b: 2 }, value: 1 },
      { axes: { a: { y: 2, x: 1 }, b: 3 }, value: Number.NaN },
    ]),
  ).toEqual([[1, 1]]);
  expect(best([{ axes: {}, value: 9007199254740993n }])).toEqual([[9007199254740993n]]);
  expect(best([{ axes: {}, value: Number.NaN }])).toEqual([[]]);
});
