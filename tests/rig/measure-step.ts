/**
 * The memory that training steps take, in a process of its own: `node measure-step.mjs SETTING`, a JSON
 * document. Prints the bytes that the process held before it opened the session and at most while it trained.
 */
import { readFileSync } from 'node:fs';
import { parseMt5Config } from '../../src/ml/checkpoint/mt5-config.ts';
import { mt5ParameterShapes } from '../../src/ml/checkpoint/mt5-parameters.ts';
import { elementCount } from '../../src/ml/element-count.ts';
import type { HostValue, TrainingRuntime } from '../../src/ml/runtime/runtime.ts';
import { openEngine as openOnnx } from '../../src/ml/runtime/onnx/onnx-training.ts';
import { openEngine as openTensorflow } from '../../src/ml/runtime/tensorflow/tensorflow-training.ts';

import { constant, input } from '../../src/ml/tensor/ops/source.ts';
import { add } from '../../src/ml/tensor/ops/elementwise.ts';
import { stepFeeds } from '../../src/ml/train/micro-batch.ts';
import { computingPlaceOf } from '../../src/ml/model/computing-place.ts';
import { traineeOf } from '../../src/ml/train/trainee.ts';
import type { TrainConfig } from '../../src/ml/train/train-config.ts';

interface Setting {
  readonly runtime: 'onnx' | 'tensorflow';
  readonly folder?: string;
  readonly threads: number;
  readonly model: Readonly<Record<string, number | string | boolean>>;
  readonly training: TrainConfig;
  readonly sourceTokens: number;
  readonly targetTokens: number;
  readonly steps: number;
  /** Whether every step has rows of other lengths: these are the longest then. */
  readonly changes?: boolean;
}

const setting: Setting = JSON.parse(process.argv[2] ?? '');
const { training, threads } = setting;
const parsed = parseMt5Config({ ...setting.model }, 'config.json');
if (!parsed.ok) throw new Error('the configuration is not one of mT5');
const config = parsed.value;
const row = (length: number): readonly number[] =>
  Array.from({ length }, (_, place) => 3 + (place % (config.vocabSize - 3)));
const example = { source: row(setting.sourceTokens), target: row(setting.targetTokens) };
const engine: TrainingRuntime =
  setting.runtime === 'onnx'
    ? openOnnx({ threads })
    : openTensorflow({
        threads,
        precision: training.precision ?? 'float32',
        ...(setting.folder === undefined ? {} : { folder: setting.folder }),
      });
const examples = Array.from({ length: 64 }, () => example);
const trainee = traineeOf(config, training, examples, computingPlaceOf(engine));
if (!trainee.ok) throw new Error(trainee.error);

const tiny = await engine.open({
  entries: { sum: { outputs: { sum: add(input('a', 'float32', [2]), constant([1, 2], [2])) } } },
});
await tiny.run('sum', { a: { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) } });
await tiny.release();
const before = statusOf('VmRSS');

const random = (into: Float32Array): void => {
  for (let place = 0; place < into.length; place++)
    into[place] = (((place * 7919) % 1013) / 1013 - 0.5) * 0.1;
};
const frozen = Object.fromEntries(
  [...mt5ParameterShapes(config)]
    .filter(([name]) => !trainee.value.shapes.has(name))
    .map(([name, shape]): readonly [string, HostValue] => {
      const data = new Float32Array(elementCount(shape));
      random(data);
      return [name, { dtype: 'float32', shape, data }];
    }),
);
const session = await engine.openTraining({
  constants: frozen,
  entries: { evaluate: trainee.value.evaluation },
  training: {
    graph: trainee.value.training,
    trained: trainee.value.shapes,
    optimizer: training.optimizer,
    weightDecayOf: () => training.weightDecay,
    accumulation: training.accumulation,
  },
});
await session.assign(trainee.value.shapes.keys(), async (_, into) => {
  random(into);
  return { ok: true, value: undefined };
});
const opened = statusOf('VmRSS');
const losses: number[] = [];
const peaks: number[] = [];
const resident: number[] = [];
for (let step = 0; step < setting.steps; step++) {
  const lengthAt = (longest: number, place: number): number =>
    setting.changes === true ? 1 + ((step * 7919 + place * 104_729) % longest) : longest;
  const rows = Array.from({ length: training.batch }, (_, place) => ({
    source: row(lengthAt(setting.sourceTokens, place)),
    target: row(lengthAt(setting.targetTokens, place + 1)),
  }));
  const batches = Array.from({ length: training.accumulation }, () => rows);
  const { loss } = await session.step(stepFeeds(batches, step, config, training, trainee.value), {
    step: step + 1,
    learningRate: 1e-4,
    maxGradientNorm: 1,
  });
  losses.push(loss);
  peaks.push(statusOf('VmHWM'));
  resident.push(statusOf('VmRSS'));
}
const peak = statusOf('VmHWM');
console.log(JSON.stringify({ before, opened, peak, peaks, resident, losses }));

/** A field of /proc/self/status, in bytes. */
function statusOf(field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(line?.[1]) * 1024;
}
