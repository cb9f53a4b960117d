import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mlflowExporter } from '../../src/tracking/mlflow/mlflow-exporter.ts';
import type { TrackerRun } from '../../src/tracking/tracker-run.ts';
import { sampleRun } from '../tracking/sample-run.ts';
import { type MlflowServer, startMlflowServer } from './mlflow-server.ts';
import { fromPython, hasPackages } from './python.ts';

const read = `
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
number = lambda value: value if value == value and abs(value) != float('inf') else str(value)
print(json.dumps([{
  'experiment': experiment.name, 'name': run.info.run_name, 'status': run.info.status,
  'start': run.info.start_time, 'end': run.info.end_time,
  'params': run.data.params, 'tags': {name: value for name, value in run.data.tags.items() if name.startswith('pipeline.')},
  'metrics': {name: [[each.step, number(each.value), each.timestamp] for each in client.get_metric_history(run.info.run_id, name)]
    for name in run.data.metrics},
} for experiment in client.search_experiments() for run in client.search_runs([experiment.experiment_id], order_by=['run_name'])]))
`;

describe.skipIf(!hasPackages('mlflow'))('a real MLflow server', () => {
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflowServer();
  });
  afterAll(() => server.stop());

  async function exported(pipeline: string, ...runs: readonly TrackerRun[]): Promise<unknown> {
    const exporter = mlflowExporter(server.url, pipeline, {});
    if (!exporter.ok) throw new Error(exporter.error);
    for (const run of runs) {
      const written = await exporter.value.write(run);
      if (!written.ok) throw new Error(written.error);
    }
    const all = fromPython(read, server.url) as readonly { readonly experiment: string }[];
    return all.filter(({ experiment }) => experiment === pipeline);
  }

  test('has params, tags, and every point with step and time; infinities become finite', async () => {
    const long = { ...sampleRun, params: { ...sampleRun.params, text: '💊'.repeat(7000) } };
    expect(await exported('medical, "qa"', long)).toEqual([
      {
        experiment: 'medical, "qa"',
        name: 'train[aimc,lora]',
        status: 'FINISHED',
        start: 1_800_000_000_000,
        end: 1_800_000_060_000,
        params: {
          rate: '0.002',
          method: 'lora',
          nesterov: 'false',
          limit: 'null',
          layers: '[1,2]',
          r: '8',
          text: '💊'.repeat(6000),
        },
        tags: {
          'pipeline.id': sampleRun.id,
          'pipeline.name': 'medical, "qa"',
          'pipeline.instance': sampleRun.name,
          'pipeline.key': sampleRun.key,
          'pipeline.run': sampleRun.group,
          'pipeline.device': sampleRun.device,
        },
        metrics: {
          loss: expect.arrayContaining([
            [1, 2.5, 1_800_000_001_000],
            [2, 'nan', 1_800_000_002_000],
            [3, Number.MAX_VALUE, 1_800_000_000_000],
          ]),
          'evaluation loss': [[3, -0.125, 1_800_000_003_000]],
          'train/steps': [[3, 3, 1_800_000_060_000]],
          'eval/f1': [[3, 0.25, 1_800_000_090_000]],
          'eval/odd': [[3, 'nan', 1_800_000_060_000]],
          'eval/id': [[3, 9_007_199_254_740_992, 1_800_000_060_000]],
        },
      },
    ]);
  });

  test('a model exported again is there once, with more points than one call accepts', async () => {
    const steps = Array.from({ length: 2500 }, (_, step) => ({
      step,
      value: step / 10,
      at: 1_800_000_000_000 + step,
    }));
    const params = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`p.${index}`, index]));
    const large = { ...sampleRun, id: 'fedcba9876543210', params, series: { loss: steps }, metrics: [] };
    const [first] = (await exported('large', large)) as readonly {
      metrics: { loss: readonly unknown[] };
      params: object;
    }[];
    expect([first?.metrics.loss.length, Object.keys(first?.params ?? {}).length]).toEqual([2500, 250]);
    const renamed = { ...large, name: 'train[new]', metrics: sampleRun.metrics.slice(1, 2) };
    const again = await exported('large', renamed, renamed);
    expect(again).toEqual([
      {
        ...first,
        name: 'train[new]',
        tags: expect.objectContaining({ 'pipeline.instance': 'train[new]' }),
        metrics: { ...first?.metrics, 'eval/f1': [[2499, 0.25, 1_800_000_090_000]] },
      },
    ]);
  });

  test('a refusal of the server is reported in its words', async () => {
    const exporter = mlflowExporter(server.url, '', {});
    const written = exporter.ok ? await exporter.value.write(sampleRun) : exporter;
    expect(written).toMatchObject({ ok: false, error: expect.stringMatching(/experiments\/.*: 400: /) });
  });
});
