import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  modelsOf,
  trainedPipeline,
  trainedProject,
  type TrainedProject,
  trackerRuns,
} from './trained-project.ts';

let trained: TrainedProject;
beforeAll(async () => {
  trained = await trainedProject();
});
afterAll(() => trained[Symbol.dispose]());

test('a model includes only what was made from it alone, not its base or summary tables', async () => {
  const models = await modelsOf(trained.project);
  expect(
    models.map(({ model, evaluations }) => [model.instance, evaluations.map(({ instance }) => instance)]),
  ).toEqual([
    ['base', []],
    ['train[slow]', ['eval[slow,greedy]', 'eval[slow,beam]', 'qualitative[slow]']],
    ['train[fast]', ['eval[fast,greedy]', 'eval[fast,beam]', 'qualitative[fast]']],
  ]);
});

test('params, series, metrics, answers and samples of a model, under the run that computed it', async () => {
  const { runs, warnings } = await trackerRuns(trained.project);
  expect(warnings).toEqual([]);
  const fast = runs.find(({ name }) => name === 'train[fast]');
  expect(fast).toMatchObject({
    group: trained.run,
    device: 'onnx 1, cpu',
    params: { 'config.rate': 2, prompt: 'ask: {human}', layers: '[1,2]' },
    series: {
      loss: [
        { step: 1, value: 2 },
        { step: 2, value: 1 },
        { step: 3, value: 2 / 3 },
      ],
      tokensPerSecond: [{ value: 100 }, { value: 100 }, { value: 100 }],
    },
    samples: [
      {
        source: 'qualitative',
        rows: [
          ['question', 'temp_0.7'],
          ['a?', 'a'],
          ['b?', 'b'],
        ],
      },
    ],
  });
  expect(fast?.id).toBe(fast?.key.slice(0, 16));
  const times = fast?.series['loss']?.map(({ at }) => at ?? 0) ?? [];
  expect(times.every((at) => at >= (fast?.startedAt ?? Infinity))).toBe(true);
  expect(fast?.metrics.map(({ source, name, value }) => [source, name, value])).toEqual([
    ['train', 'steps', 3],
    ['eval[greedy]', 'scores.f1', 0.5],
    ['eval[greedy]', 'scores.odd', Number.NaN],
    ['eval[beam]', 'scores.f1', 0.5],
    ['eval[beam]', 'scores.odd', Number.NaN],
  ]);
  expect(fast?.predictions.map(({ source, rows }) => [source, rows.length])).toEqual([
    ['eval[greedy]', 3],
    ['eval[beam]', 3],
  ]);
  expect(fast?.predictions[0]?.rows[0]).toEqual({
    question: 'quote " and, comma',
    reference: 'r',
    prediction: 'p',
    'scores.f1': 0.5,
  });
});

test('a model that a later run found in place is the same, under that run on request', async () => {
  const idle = (await trained.project.run()).summary?.run ?? '';
  expect(idle).not.toBe(trained.run);
  const { runs: first } = await trackerRuns(trained.project, trained.run);
  const { runs: later } = await trackerRuns(trained.project, idle);
  expect(later).toEqual(first.map((run) => ({ ...run, group: idle })));
  expect(later[1]?.series['loss']).toHaveLength(3);
});

test('another evaluation changes the metrics of a model and not its id', async () => {
  const { runs: before } = await trackerRuns(trained.project);
  trained.project.write({ 'pipeline.yaml': trainedPipeline(7) });
  await trained.project.run({ patterns: ['eval'] });
  const scores = (all: typeof before) =>
    all.map(({ id, metrics }) => [id, metrics.find(({ name }) => name === 'scores.f1')?.value]);
  const { runs: after } = await trackerRuns(trained.project);
  expect(scores(after)).toEqual(scores(before).map(([id, score]) => [id, score === undefined ? score : 0.7]));
  expect(scores((await trackerRuns(trained.project, trained.run)).runs)).toEqual(scores(before));
});

test('an unknown run has no models', async () => {
  expect(await trained.project.ask((open) => open.models('r'))).toEqual({ ok: true, value: undefined });
});

test('an unreadable series, predictions or samples file is left out, and reported with its place', async () => {
  using other = await trainedProject();
  const [{ model, evaluations }] = (await modelsOf(other.project)).slice(1) as [
    Awaited<ReturnType<typeof modelsOf>>[number],
  ];
  appendFileSync(join(other.project.root, model.files['log']?.file ?? ''), 'no JSON\n');
  rmSync(join(other.project.root, evaluations[0]?.files['predictions']?.file ?? ''));
  const samples = evaluations.flatMap(({ files }) => files['samples']?.file ?? [])[0] ?? '';
  appendFileSync(join(other.project.root, samples), '}');
  const { readTrackerRun } = await import('../../src/tracking/tracker-run.ts');
  const { run, warnings } = await readTrackerRun(other.project.root, { model, evaluations });
  // Both evaluations answered alike, and the cache holds their answers once.
  expect(warnings.map((text) => text.split(':')[0])).toEqual([
    'predictions of eval[slow,greedy]',
    'predictions of eval[slow,beam]',
    'samples of qualitative[slow]',
    'log of train[slow]',
  ]);
  expect(warnings.at(-1)).toMatch(/:4:2: is not JSON: unexpected "o"$/);
  expect(run.samples).toEqual([]);
  expect(run.predictions).toEqual([]);
  expect(run.series['loss']).toHaveLength(3);
});
