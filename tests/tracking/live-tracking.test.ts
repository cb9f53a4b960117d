import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Event } from '../../src/runner/event.ts';
import type { InstanceId, Key, RunId } from '../../src/runner/identity.ts';
import { liveTracking } from '../../src/tracking/live-tracking.ts';
import { mlflowBatches } from '../../src/tracking/mlflow/mlflow-batches.ts';
import { tensorboardExporter } from '../../src/tracking/tensorboard/tensorboard-exporter.ts';
import { createRig } from '../rig/rig.ts';
import { sampleRun } from './sample-run.ts';
import { modelsOf, trainedPipeline, trainedProject } from './trained-project.ts';

const instance = 'train[fast]' as InstanceId; // as the plan names it
const key = 'ab'.repeat(32) as Key; // 64 hex digits, as a key is

const started: readonly Event[] = [
  { kind: 'run-started', at: 1, run: 'r' as RunId, pipeline: 'p', instances: [instance], jobs: 1 },
  { kind: 'started', at: 2, instance, key, because: [], attempt: 1, resumed: false, params: { rate: 2 } },
];
const metric = (step: number, value: number): Event => ({
  kind: 'message',
  at: 10 + step,
  instance,
  message: { kind: 'metric', step, values: { loss: value } },
});

const onlyFileIn = (folder: string): Buffer => {
  const [name = ''] = readdirSync(folder);
  const files = readdirSync(join(folder, name));
  expect(files).toHaveLength(1);
  return readFileSync(join(folder, name, files[0] ?? ''));
};

test('an event file grows with the points, and the final one begins with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'live-'));
  const warnings: string[] = [];
  const place = { format: 'tensorboard', destination: folder, pipeline: 'p', environment: {} } as const;
  const live = await liveTracking({
    root: folder,
    places: [place],
    models: new Set([instance]),
    onWarning: (text) => warnings.push(text),
    interval: 1e6,
  });
  for (const event of [...started, metric(1, 3), metric(2, 2)]) live.take(event);
  expect(readdirSync(folder)).toEqual([]);
  await live.finish([]);
  const first = onlyFileIn(folder);
  for (const event of [...started, metric(3, 1)]) live.take(event);
  await live.finish([]);
  const second = onlyFileIn(folder);
  expect(second.length).toBeGreaterThan(first.length);
  expect(second.subarray(0, first.length).equals(first)).toBe(true);

  const points = [1, 2, 3].map((step) => ({ step, value: 4 - step, at: 10 + step }));
  const run = { ...sampleRun, id: key.slice(0, 16), name: instance, key, startedAt: 2, params: { rate: 2 } };
  await tensorboardExporter(folder).write({ ...run, series: { loss: points } });
  const whole = onlyFileIn(folder);
  expect(whole.length).toBeGreaterThan(second.length);
  expect(whole.subarray(0, second.length).equals(second)).toBe(true);
  expect(warnings).toEqual([]);
});

test('a failing tracker is reported once, with how to upload later; the others continue', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'live-'));
  writeFileSync(join(folder, 'file'), '');
  const place = (destination: string) =>
    ({
      format: 'tensorboard',
      destination: join(folder, destination),
      pipeline: 'p',
      environment: {},
    }) as const;
  const warnings: string[] = [];
  const live = await liveTracking({
    root: folder,
    places: [place('file/below'), place('good'), { ...place(''), format: 'mlflow', destination: 'nowhere' }],
    models: new Set([instance]),
    onWarning: (text) => warnings.push(text),
  });
  for (const event of [...started, metric(1, 3)]) live.take(event);
  await live.finish([]);
  for (const event of [...started, metric(1, 3)]) live.take(event);
  await live.finish([]);
  expect(warnings).toEqual([
    expect.stringMatching(/^tracking: mlflow nowhere: "nowhere" is not a URL of a server/),
    expect.stringMatching(
      /^tracking: tensorboard .*below: .*`pipeline export tensorboard .*below` sends it later\)$/,
    ),
  ]);
  expect(readdirSync(join(folder, 'good'))).toHaveLength(1);
});

test('a server gets only what it lacks: later steps, and changed metrics', () => {
  const known = new Map([
    ['loss', { step: 1, value: 2.5 }],
    ['eval/f1', { step: 3, value: 0.25 }],
    ['train/steps', { step: 3, value: 2 }],
    ['eval/odd', { step: 3, value: Number.NaN }],
  ]);
  const sent = mlflowBatches(sampleRun, 'p', known).flatMap((batch) =>
    'metrics' in batch ? batch.metrics.map(({ key: name, step }) => [name, step]) : [],
  );
  expect(sent).toEqual([
    ['loss', 2],
    ['loss', 3],
    ['evaluation loss', 3],
    ['train/steps', 3],
    ['eval/id', 3],
  ]);
});

test('an interrupted training has the steps of all its runs, each once', async () => {
  const script = `
    const { existsSync, mkdirSync, writeFileSync, writeSync } = require('fs');
    const [model, mark] = process.argv.slice(1);
    const isSecond = existsSync(mark);
    const say = (step, loss) => writeSync(3, JSON.stringify({ kind: 'metric', step, values: { loss } }) + '\\n');
    if (isSecond) { say(2, 20); say(3, 30); mkdirSync(model); }
    else { say(1, 10); say(2, 99); writeFileSync(mark, ''); process.exit(1); }
  `;
  using trained = await trainedProject();
  const { project } = trained;
  const mark = join(mkdtempSync(join(tmpdir(), 'mark-')), 'mark');
  const train = {
    cmd: ['node', '-e', script, '${outs.model}', mark],
    outs: { model: { path: 'm', kind: 'model' } },
  };
  project.write({ 'pipeline.yaml': { stages: { train } } });
  await project.run();
  await project.run({ retryFailed: true });
  const [{ model } = { model: undefined }] = await modelsOf(project);
  expect(model?.series['loss']?.map(({ step, value }) => [step, value])).toEqual([
    [1, 10],
    [2, 20],
    [3, 30],
  ]);
});

test('pipeline run logs to the trackers of both files, and no key depends on them', async () => {
  await using rig = await createRig();
  const plain = trainedPipeline();
  rig.write({ 'pipeline.yaml': plain });
  await rig.pipeline('run', 'train:fast').result;
  rig.write({
    'pipeline.yaml': { ...plain, tracking: [{ tensorboard: { dir: 'shown' } }] },
    'pipeline.machine.yaml': {
      tracking: [{ csv: { dir: 'tables' } }, { mlflow: { uri: 'http://127.0.0.1:9' } }],
    },
  });
  const { code, stderr, json } = await rig.pipeline('run').result;
  expect([code, json['ran']]).toEqual([0, expect.not.arrayContaining(['train[fast]'])]);
  expect(stderr.match(/warning: tracking: mlflow http:\/\/127\.0\.0\.1:9: /g)).toHaveLength(1);
  expect(readdirSync(join(rig.root, 'shown'))).toHaveLength(3);
  expect(readdirSync(join(rig.root, 'tables/models'))).toHaveLength(3);
  const before = readdirSync(join(rig.root, 'shown')).map(
    (name) => onlyFileIn(join(rig.root, 'shown')) && name,
  );
  await rig.pipeline('run', '--force', 'train:fast').result;
  expect(readdirSync(join(rig.root, 'shown'))).toEqual(before);
  expect(existsSync(join(rig.root, 'runs'))).toBe(false);
});

test('an invalid tracker, and two in one item, are reported with their positions', async () => {
  await using rig = await createRig();
  const stages = { a: { cmd: 'touch ${outs.o}', outs: { o: 'o' } } };
  rig.write({
    'pipeline.yaml': {
      stages,
      tracking: [{ comet: { dir: 'x' } }, { csv: { dir: 'a' }, wandb: { dir: 'b' } }],
    },
  });
  const { code, stderr } = await rig.pipeline('run').result;
  expect(code).toBe(2);
  expect(stderr).toMatch(/comet/);
  expect(stderr).toContain('expected one tracker, found 2');
  rig.write({ 'pipeline.yaml': { stages, tracking: [{ mlflow: { uri: 'http://me:secret@host' } }] } });
  expect((await rig.pipeline('run').result).code).toBe(2);
});
