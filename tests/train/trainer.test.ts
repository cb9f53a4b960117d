import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import type { Example } from '../../src/ml/dataset/example.ts';
import { validationSplit } from '../../src/ml/dataset/split.ts';
import { openFittingAdapter } from '../../src/ml/model/fitting-adapter.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { train } from '../../src/ml/train/train.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { plainConfig } from './tiny-training.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

interface TrainerRun {
  readonly steps: readonly {
    readonly loss: number;
    readonly gradientNorm: number;
    readonly learningRate: number;
  }[];
  readonly evaluations: readonly number[];
}

const golden = join(import.meta.dirname, '../golden/trainer');
const {
  rows,
  runs,
}: { readonly rows: readonly Example[]; readonly runs: Readonly<Record<string, TrainerRun>> } = JSON.parse(
  readFileSync(join(golden, 'runs.json'), 'utf8'),
);
const settings: TrainConfig = {
  ...plainConfig,
  learningRate: 3e-3,
  length: { epochs: 4 },
  evaluationBatch: 4,
};

/** The steps and evaluations of a training on the golden model, or on an adapter of it. */
async function trained(changes: Partial<TrainConfig>, adapterName?: string): Promise<TrainerRun> {
  const model = valueOf(await openMt5Folder(join(golden, 'model')));
  const adapter =
    adapterName === undefined
      ? undefined
      : valueOf(await openFittingAdapter(join(golden, adapterName), model.config));
  const outcome = await train({
    model,
    adapter: adapter?.tensors,
    examples: rows,
    split: validationSplit(rows.length, 0.2, 42),
    config: {
      ...settings,
      ...(adapter === undefined ? {} : { method: { kind: 'lora', adapter: adapter.config } }),
      ...changes,
    },
    runtime: await openRuntime('onnx', { threads: 1 }),
    scratch: await mkdtemp(join(tmpdir(), 'trainer-')),
    signal: new AbortController().signal,
    emit: () => undefined,
    write: async () => ({ ok: true, value: undefined }),
  });
  if (outcome.kind !== 'finished') throw new Error(JSON.stringify(outcome));
  return {
    steps: outcome.records.flatMap((record) =>
      'loss' in record
        ? [{ loss: record.loss, gradientNorm: record.gradientNorm, learningRate: record.learningRate }]
        : [],
    ),
    evaluations: outcome.records.flatMap((record) =>
      'evaluationLoss' in record ? [record.evaluationLoss] : [],
    ),
  };
}

describe('a training equals the Seq2SeqTrainer in loss, gradient norm and learning rate', () => {
  test.each<[string, Partial<TrainConfig>, string?]>([
    ['plain', {}],
    ['label smoothing', { labelSmoothing: 0.1 }],
    [
      'label smoothing, gradient checkpointing, accumulation',
      { labelSmoothing: 0.2, gradientCheckpointing: true, accumulation: 2 },
    ],
    ['gradient checkpointing', { gradientCheckpointing: true }],
    ['grouped by length, accumulation', { groupByLength: true, accumulation: 2 }],
    ['grouped by length', { groupByLength: true, batch: 1, length: { epochs: 2 } }],
    ['going on with adapter', {}, 'adapter'],
    ['going on with adapter-of-every-kind', {}, 'adapter-of-every-kind'],
    [
      'going on with adapter, label smoothing, gradient checkpointing',
      { labelSmoothing: 0.1, gradientCheckpointing: true },
      'adapter',
    ],
  ])('%s', async (name, changes, adapter) => {
    const expected = runs[name];
    const ours = await trained(changes, adapter);
    expect(ours.steps).toHaveLength(expected?.steps.length ?? Number.NaN);
    for (const [index, { loss, gradientNorm, learningRate }] of (expected?.steps ?? []).entries()) {
      expect((ours.steps[index]?.loss ?? Number.NaN) / loss, `loss of step ${index + 1}`).toBeCloseTo(1, 5);
      expect(
        (ours.steps[index]?.gradientNorm ?? Number.NaN) / gradientNorm,
        `gradient norm of step ${index + 1}`,
      ).toBeCloseTo(1, 4);
      expect(ours.steps[index]?.learningRate, `learning rate of step ${index + 1}`).toBeCloseTo(
        learningRate,
        12,
      );
    }
    // Grouped, the Trainer groups its evaluations too, in an order of torch's.
    for (const [index, loss] of (expected?.evaluations ?? []).entries())
      expect((ours.evaluations[index] ?? Number.NaN) / loss, `evaluation ${index + 1}`).toBeCloseTo(1, 5);
  });
});
