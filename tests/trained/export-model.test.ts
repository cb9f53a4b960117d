import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HostTensor } from '../../src/ml/checkpoint/host-tensor.ts';
import { fromMemory } from '../../src/ml/checkpoint/lazy-tensor.ts';
import type { Mt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { openMt5Folder } from '../../src/ml/checkpoint/mt5-folder.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { openTrainedModel, type TrainedModel } from '../../src/ml/model/trained-model.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import { exportModel } from '../../src/trained/export-model.ts';
import { writeOnnxFiles } from '../../src/trained/onnx/write-onnx-files.ts';
import { temporaryFolder } from '../checkpoint/temporary-folder.ts';
import { valueOf } from '../checkpoint/value-of.ts';
import { tinyConfig, weightValues } from '../model/tiny-model.ts';
import { createRig } from '../rig/rig.ts';
import { compile } from '../runtime/compile.ts';
import { nano, nanoPipeline } from './nano-project.ts';
import { openOnnxModel, type Rows } from './onnx-model.ts';

const trainer = join(import.meta.dirname, '../golden/trainer');

const source: Rows = [
  [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 3, 4, 5, 1],
  [9, 10, 1],
];
const target: Rows = [
  [0, 11, 12, 13, 2],
  [0, 14, 1, 2, 3],
];

/** What this project's engine computes, for every token of the target. */
async function expectedLogits({
  trace,
  weights,
  config,
}: Pick<TrainedModel, 'trace' | 'weights' | 'config'>) {
  const runtime = await openRuntime('onnx', { threads: 1 });
  const program = await compile(runtime, {
    outputs: { logits: logitsOf(trace, decode(trace, encode(trace).last).last) },
  });
  const { logits } = await program.run({
    ...weights,
    ...sourceFeeds(source, config),
    ...targetFeeds(target, config),
  });
  await program.release();
  return Array.from(logits?.data ?? [], Number);
}

/** The greatest difference, as a share of the greatest logit. */
const worst = (found: readonly number[], expected: readonly number[]): number => {
  const scale = Math.max(1, ...expected.map(Math.abs));
  return found.length === expected.length
    ? Math.max(...found.map((value, at) => Math.abs(value - (expected[at] ?? Number.NaN)))) / scale
    : Number.NaN;
};

test('a merged adapter answers as the adapter does, to 1e-5, and so do its ONNX graphs', async () => {
  const folders = { base: join(trainer, 'model'), trained: join(trainer, 'adapter'), warnings: [] };
  const folder = join(await temporaryFolder(), 'exported');
  expect(await exportModel(folders, folder, ['transformers', 'onnx'])).toEqual({ ok: true, value: [] });
  const expected = await expectedLogits(valueOf(await openTrainedModel(folders.base, folders.trained)));
  const plain = await expectedLogits(valueOf(await openTrainedModel(folders.base, folders.base)));
  expect(worst(plain, expected)).toBeGreaterThan(1e-3);

  const merged = valueOf(await openTrainedModel(folder, folder));
  expect(worst(await expectedLogits(merged), expected)).toBeLessThan(1e-5);
  const onnx = await openOnnxModel(folder, merged.config);
  expect(worst(await onnx.whole(source, target), expected)).toBeLessThan(1e-5);
  expect(readdirSync(folder).sort()).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'onnx',
  ]);
});

describe('ONNX graphs give the logits of this engine to 1e-5', () => {
  const configs: Readonly<Record<string, Partial<Mt5Config>>> = {
    'an mT5': {},
    'a T5 v1.0, tied and scaled': {
      modelType: 't5',
      gated: false,
      activation: 'relu',
      tieWordEmbeddings: true,
      scaleDecoderOutputs: true,
    },
    'a umT5': { modelType: 'umt5' },
    'gelu': { activation: 'gelu' },
    'silu': { activation: 'silu' },
    'quick_gelu, not gated': { activation: 'quick_gelu', gated: false },
  };
  test.each(Object.entries(configs))('%s', async (_, changed) => {
    const { folder, config, tensors, expected } = await written(changed);
    valueOf(await writeOnnxFiles(folder, { config, tensors }));
    const onnx = await openOnnxModel(folder, config);
    expect(worst(await onnx.whole(source, target), expected)).toBeLessThan(1e-5);
    expect(worst(await onnx.steps(source, target), expected)).toBeLessThan(1e-5);
    expect(worst(await onnx.mergedSteps(source, target), expected)).toBeLessThan(1e-5);
  });

  test('with weights in files beside the graphs', async () => {
    const { folder, config, tensors, expected } = await written({});
    valueOf(await writeOnnxFiles(folder, { config, tensors }, 0));
    expect(readdirSync(join(folder, 'onnx')).filter((name) => name.endsWith('_data'))).toHaveLength(4);
    const onnx = await openOnnxModel(folder, config);
    expect(worst(await onnx.whole(source, target), expected)).toBeLessThan(1e-5);
    expect(worst(await onnx.mergedSteps(source, target), expected)).toBeLessThan(1e-5);
  });

  /** A model with random weights that are far from 0, and its logits. */
  async function written(changed: Partial<Mt5Config>) {
    const config: Mt5Config = { ...tinyConfig, ...changed };
    const weights = initialiseMt5(config, 3);
    const tensors = fromMemory(
      new Map(
        [...mt5ParameterShapes(config)].map(([name, shape]): [string, HostTensor] => [
          name,
          { dtype: 'float32', shape, data: weights.get(name) ?? new Float32Array(0) },
        ]),
      ),
    );
    const expected = await expectedLogits({
      config,
      trace: plainTrace(config),
      weights: weightValues(config, weights) as TrainedModel['weights'],
    });
    return { folder: await temporaryFolder(), config, tensors, expected };
  }
});

test('an unreadable weight is reported, and no folder is left', async () => {
  const folder = join(await temporaryFolder(), 'exported');
  const opened = valueOf(await openMt5Folder(join(trainer, 'model')));
  const error = { path: 'model.safetensors', message: 'is damaged' };
  const tensors = new Map(
    [...opened.tensors].map(([name, tensor]) => [
      name,
      name === 'lm_head.weight'
        ? { ...tensor, readInto: async () => ({ ok: false, error }) as const }
        : tensor,
    ]),
  );
  expect(await writeOnnxFiles(folder, { ...opened, tensors })).toEqual({ ok: false, error });
  expect(existsSync(join(folder, 'onnx/decoder_model.onnx'))).toBe(false);
});

test('pipeline export-model writes what it lists, and overwrites nothing', async () => {
  await using rig = await createRig();
  rig.write({ 'pipeline.yaml': nanoPipeline, 'taken/notes.txt': 'mine' });
  await rig.pipeline('run', 'train:one').result;
  expect(await rig.pipeline('export-model', 'train:one', 'out').result).toMatchObject({
    code: 2,
    stderr: 'error: nothing to write: choose --merge, --onnx, or both\n',
  });
  const { code, stdout } = await rig.pipeline('export-model', 'train:one', 'out', '--onnx', '--json').result;
  const answer = JSON.parse(stdout);
  expect([code, answer.instance, answer.folder]).toEqual([0, 'train[one]', join(rig.root, 'out')]);
  expect(answer.files.map(({ path }: { path: string }) => path)).toEqual([
    'config.json',
    'generation_config.json',
    'onnx/decoder_model.onnx',
    'onnx/decoder_model_merged.onnx',
    'onnx/decoder_with_past_model.onnx',
    'onnx/encoder_model.onnx',
    'special_tokens_map.json',
    'spiece.model',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  for (const { path, bytes } of answer.files) expect(statSync(join(rig.root, 'out', path)).size).toBe(bytes);
  expect(
    readFileSync(join(rig.root, 'out/spiece.model')).equals(readFileSync(join(nano, 'spiece.model'))),
  ).toBe(true);
  const taken = await rig.pipeline('export-model', 'train:one', 'taken', '--merge').result;
  expect([taken.code, taken.stdout]).toEqual([1, '']);
  expect(taken.stderr).toMatch(/^error: .*taken/);
  expect(readdirSync(join(rig.root, 'taken'))).toEqual(['notes.txt']);
});
