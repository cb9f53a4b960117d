import type { ModelResults } from '../../src/runner/project.ts';
import { readTrackerRun, type TrackerRun } from '../../src/tracking/tracker-run.ts';
import { inProcess, type InProcess } from '../rig/in-process.ts';

const train = `
const { mkdirSync, writeFileSync, writeSync } = require('fs');
const [model, log, summary, rate] = process.argv.slice(1);
const say = (message) => writeSync(3, JSON.stringify(message) + '\\n');
say({ kind: 'device', runtime: 'onnx 1', device: 'cpu' });
for (const step of [1, 2, 3]) say({ kind: 'metric', step, values: { loss: rate / step, tokensPerSecond: 100 } });
mkdirSync(model);
writeFileSync(model + '/weights', String(rate));
writeFileSync(log, [1, 2, 3].map((step) => JSON.stringify({ step, loss: rate / step, note: 'x' }) + '\\n').join(''));
writeFileSync(summary, JSON.stringify({ steps: 3 }));
`;

const evaluate = `
const { writeFileSync } = require('fs');
const [metrics, predictions, shift] = process.argv.slice(1);
writeFileSync(metrics, '{"scores": {"f1": 0.' + shift + ', "odd": NaN}}');
writeFileSync(predictions, ['quote " and, comma', 'line\\nbreak', '问题 ✓'].map((question) =>
  JSON.stringify({ question, reference: 'r', prediction: 'p', scores: { f1: 0.5 } }) + '\\n').join(''));
`;

const sample = `
require('fs').writeFileSync(process.argv[1],
  JSON.stringify({ questions: ['a?', 'b?'], answers: { 'temp_0.7': ['a', 'b'] } }));
`;

/**
 * A pipeline of small scripts with the graph of the default experiment. `shift`: a param of the evaluation.
 */
export const trainedPipeline = (shift = 5): object => ({
  stages: {
    base: { cmd: ['sh', '-c', 'mkdir "$0"', '${outs.model}'], outs: { model: { path: 'm', kind: 'model' } } },
    train: {
      matrix: {
        config: [
          { name: 'slow', rate: 1 },
          { name: 'fast', rate: 2 },
        ],
      },
      cmd: ['node', '-e', train, '${outs.model}', '${outs.log}', '${outs.summary}', '${config.rate}'],
      params: { config: '${config}', prompt: 'ask: {human}', layers: [1, 2] },
      deps: { base: { from: 'base', out: 'model' } },
      outs: {
        model: { path: 'model', kind: 'model' },
        log: { path: 'log.jsonl', kind: 'series' },
        summary: { path: 'summary.json', kind: 'metrics' },
      },
    },
    eval: {
      matrix: { from: 'train', way: ['greedy', 'beam'] },
      cmd: ['node', '-e', evaluate, '${outs.metrics}', '${outs.predictions}', '${params.shift}'],
      params: { shift, way: '${way}' },
      deps: { base: { from: 'base', out: 'model' }, model: { from: 'train', out: 'model' } },
      outs: { metrics: { path: 'metrics.json', kind: 'metrics' }, predictions: 'predictions.jsonl' },
    },
    qualitative: {
      matrix: { from: 'train' },
      cmd: ['node', '-e', sample, '${outs.samples}'],
      deps: { model: { from: 'train', out: 'model' } },
      outs: { samples: 'samples.json' },
    },
    collate: {
      cmd: ['sh', '-c', 'echo "{\\"all\\": 1}" > "$0"', '${outs.all}'],
      deps: { all: { from: 'eval', out: 'metrics', gather: true } },
      outs: { all: { path: 'all.json', kind: 'metrics' } },
    },
  },
});

export interface TrainedProject extends Disposable {
  readonly project: InProcess;
  /** The name of the run that made everything. */
  readonly run: string;
}

/** A project whose pipeline has run. */
export async function trainedProject(): Promise<TrainedProject> {
  const project = inProcess();
  project.write({ 'pipeline.yaml': trainedPipeline() });
  const { summary, problem } = await project.run();
  if (summary?.exitCode !== 0) throw new Error(`the run failed: ${problem}`);
  return { project, run: summary.run, [Symbol.dispose]: () => project[Symbol.dispose]() };
}

export async function modelsOf(project: InProcess, run?: string): Promise<readonly ModelResults[]> {
  const models = await project.ask((open) => open.models(run));
  if (!models.ok || models.value === undefined) throw new Error('no answer');
  return models.value;
}

/** What trackers show of the models, and what was said while it was read. */
export async function trackerRuns(
  project: InProcess,
  run?: string,
): Promise<{ readonly runs: readonly TrackerRun[]; readonly warnings: readonly string[] }> {
  const read = await Promise.all(
    (await modelsOf(project, run)).map((model) => readTrackerRun(project.root, model, run)),
  );
  return { runs: read.map((one) => one.run), warnings: read.flatMap((one) => one.warnings) };
}
