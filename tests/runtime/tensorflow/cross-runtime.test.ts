import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mt5ParameterShapes } from '../../../src/ml/checkpoint/mt5-parameters.ts';
import { initialiseMt5 } from '../../../src/ml/model/initialise-mt5.ts';
import { dropoutFeeds, hashedDropout, rowKeys } from '../../../src/ml/model/mt5-dropout.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../../src/ml/model/mt5-feeds.ts';
import { initialiseLora, loraShapes, loraTrace } from '../../../src/ml/model/lora.ts';
import { loraTargets } from '../../../src/ml/model/lora-targets.ts';
import { type TrainingGraph, type TrainingOptions, trainingGraph } from '../../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../../src/ml/model/mt5-trace.ts';
import { groupByLength } from '../../../src/ml/model/row-groups.ts';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import type { HostValue, TrainingRuntime, TrainingSession, Values } from '../../../src/ml/runtime/runtime.ts';
import { add, exp } from '../../../src/ml/tensor/ops/elementwise.ts';
import { reshape } from '../../../src/ml/tensor/ops/layout.ts';
import { hashCombineOf } from '../../../src/ml/tensor/ops/random.ts';
import { input } from '../../../src/ml/tensor/ops/source.ts';
import type { TrainConfig } from '../../../src/ml/train/train-config.ts';
import { tinyConfig, weightValues } from '../../model/tiny-model.ts';
import { adapter, bitsOf, trainTiny } from '../../train/tiny-training.ts';
import { compile } from '../compile.ts';
import { openTensorflow, tensorflow } from '../runtimes.ts';

/**
 * Large enough that both engines spread most ops over their threads; two heads of the vocabulary, ragged
 * rows.
 */
const config = { ...tinyConfig, vocabSize: 509, dModel: 96, dKv: 24, dFf: 160 };
const weights = initialiseMt5(config, 3);
const source = rowsOf(1, [40, 12, 33, 39, 5, 28]);
const labels = rowsOf(2, [31, 50, 8, 44, 47, 3]);

describe.skipIf(tensorflow.isMissing)(`a step of a training on ${tensorflow.name} and on onnx`, () => {
  const plain = { ...plainTrace(config), dropout: hashedDropout };
  const steps: Readonly<Record<string, Setting>> = {
    'of all parameters, with dropout': setting({}),
    'with label smoothing': setting({ labelSmoothing: 0.1 }),
    'with a head by blocks of words, and label smoothing': setting({
      labelSmoothing: 0.1,
      headBlocks: { count: 3, recompute: false },
    }),
    'with gradient checkpointing and a head whose blocks are computed again': setting({
      gradientCheckpointing: true,
      headBlocks: { count: 3, recompute: true },
    }),
    'with attention by groups of rows': grouped(4),
    'with a tied head': tied(),
    'of an adapter': lora(),
  };

  function setting(options: TrainingOptions): Setting {
    return {
      graph: trainingGraph(plain, plain.parameters, options),
      trained: mt5ParameterShapes(config),
      values: weights,
      frozen: {},
    };
  }

  function grouped(groups: number): Setting {
    return { ...setting({}), graph: trainingGraph({ ...plain, groups }, plain.parameters), groups };
  }

  function tied(): Setting {
    const other = { ...config, tieWordEmbeddings: true };
    const trace = { ...plainTrace(other), dropout: hashedDropout };
    return {
      graph: trainingGraph(trace, trace.parameters),
      trained: mt5ParameterShapes(other),
      values: weights,
      frozen: {},
    };
  }

  function lora(): Setting {
    const targets = loraTargets({ ...adapter, targetModules: ['q', 'v', 'wo'], bias: 'none' }, config);
    if (!targets.ok) throw new Error(targets.error);
    const trace = loraTrace(config, targets.value, 0.1, hashedDropout);
    const shapes = loraShapes(targets.value, config);
    const values = new Map(
      [...initialiseLora(targets.value, 5)].map(([name, data], index) => [
        name,
        // B is zero at first, and so are A's gradients.
        data.map((value, i) => value + 0.01 * Math.sin(i + index)),
      ]),
    );
    return {
      graph: trainingGraph(trace, trace.trainable),
      trained: shapes,
      values,
      frozen: weightValues(config, weights),
    };
  }

  test.each(Object.entries(steps))(
    '%s: loss within 1e-6, gradients within 5e-6, and the same masks',
    async (_, of) => {
      const [ours, theirs] = [await stepOn(await openTensorflow(), of), await stepOn(await onnx(), of)];
      expect(Math.abs(ours.loss - theirs.loss) / theirs.loss).toBeLessThan(1e-6);
      expect(Math.abs(ours.gradientNorm - theirs.gradientNorm) / theirs.gradientNorm).toBeLessThan(2e-6);
      // The first moment after one step is the gradient times 1 - beta1.
      for (const [name, gradient] of Object.entries(theirs.moments))
        expect(distance(numbersOf(ours.moments[name]), numbersOf(gradient)), name).toBeLessThan(5e-6);
    },
  );

  test('gives the same bits on two threads, run after run', async () => {
    const step = async (): Promise<unknown> => {
      const { loss, gradientNorm, moments } = await stepOn(await openTensorflow(), setting({}));
      return { loss, gradientNorm, moments: digestsOf(moments) };
    };
    const once = await step();
    for (let run = 0; run < 2; run += 1) expect(await step()).toEqual(once);
  });
});

describe.skipIf(tensorflow.isMissing)(`a training on ${tensorflow.name} and on onnx`, () => {
  const trainings: Readonly<Record<string, Partial<TrainConfig>>> = {
    'of all parameters': {},
    'of an adapter': { method: { kind: 'lora', adapter } },
    'over micro-batches, labels smoothed': {
      accumulation: 3,
      batch: 2,
      accumulationRule: 'tokens',
      labelSmoothing: 0.1,
    },
    'by Adafactor': { optimizer: { name: 'adafactor', relativeStep: false, beta1: 0.9 } },
  };
  test.each(Object.entries(trainings))('%s: losses and evaluations within 1e-5', async (_, settings) => {
    const length = { steps: 5 };
    const [ours, theirs] = [
      await trainTiny({ ...settings, length }, { runtime: await openTensorflow() }),
      await trainTiny({ ...settings, length }),
    ];
    const [got, wanted] = [lossesOf(ours), lossesOf(theirs)];
    expect(got).toHaveLength(wanted.length);
    got.forEach((loss, i) =>
      expect(Math.abs(loss / (wanted[i] ?? Number.NaN) - 1), `record ${i}`).toBeLessThan(1e-5),
    );
  });

  test.each(['float32', 'bf16'] as const)(
    'resumes on TensorFlow with the same bits in %s',
    async (precision) => {
      const settings = { length: { steps: 8 }, accumulation: 2, batch: 2, checkpoint: { steps: 3 } };
      const runtime = await openTensorflow(precision);
      const whole = await trainTiny(settings, { runtime });
      const cut = await trainTiny(settings, { runtime, interruptAt: 5 });
      expect(cut.outcome).toEqual({ kind: 'interrupted', step: 5 });
      const rest = await trainTiny(settings, { runtime, scratch: cut.scratch });
      expect(bitsOf(rest)).toEqual(bitsOf(whole));
    },
  );
});

describe.skipIf(tensorflow.isMissing)(`a session on ${tensorflow.name}`, () => {
  test('refuses feeds of other shapes than declared, which TensorFlow would accept', async () => {
    const x = input('x', 'float32', ['n', 2]);
    const y = add(x, reshape(input('flat', 'float32', ['n*2']), ['n', 2]));
    const program = await compile(await openTensorflow(), { outputs: { y } });
    const real = (...shape: readonly number[]): HostValue => ({
      dtype: 'float32',
      shape,
      data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
    });
    await expect(program.run({ x: real(3, 2), flat: real(4) })).rejects.toThrow(
      '"flat" is fed with 4 on axis 0, expected 2*n = 6',
    );
    expect((await program.run({ x: real(3, 2), flat: real(6) }))['y']?.shape).toEqual([3, 2]);
    await program.release();
    await expect(program.run({ x: real(3, 2), flat: real(6) })).rejects.toThrow();
  });

  test('refuses an invalid graph', async () => {
    const graph = { outputs: { y: { ...exp(input('x', 'float32', ['n'])), shape: ['k'] } } };
    await expect(compile(await openTensorflow(), graph)).rejects.toThrow('the graph is not legal');
  });
});

interface Setting {
  readonly graph: TrainingGraph;
  readonly trained: ReadonlyMap<string, readonly number[]>;
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly frozen: Values;
  /** One, if not given. */
  readonly groups?: number;
}

interface Stepped {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly moments: Values;
}

async function stepOn(runtime: TrainingRuntime, of: Setting): Promise<Stepped> {
  const session: TrainingSession = await runtime.openTraining({
    constants: of.frozen,
    entries: {},
    training: {
      graph: of.graph,
      trained: of.trained,
      optimizer: { name: 'adamw' },
      weightDecayOf: () => 0.01,
      accumulation: 1,
    },
  });
  await session.assign(of.trained.keys(), async (name, into) => {
    into.set(of.values.get(name) ?? []);
    return { ok: true, value: undefined };
  });
  const groups = groupByLength(source, labels, of.groups ?? 1);
  const feeds = {
    ...sourceFeeds(source, config, groups),
    ...targetFeeds(shiftRight(labels, config), config, groups),
    ...labelFeeds(labels, 1 / labels.flat().length),
    ...dropoutFeeds(rowKeys(5, 1, 0, source.length), source, labels, groups),
  };
  const update = { step: 1, learningRate: 1e-3, maxGradientNorm: null };
  const { loss, gradientNorm } = await session.step([feeds], update);
  const moments = await session.read([...session.memory.keys()].filter((name) => name.startsWith('first.')));
  const copies = Object.entries(moments).map(([name, value]) => [
    name,
    { ...value, data: value.data.slice() },
  ]);
  await session.release();
  return { loss, gradientNorm, moments: Object.fromEntries(copies) };
}

const onnx = (): Promise<TrainingRuntime> => openRuntime('onnx', { threads: 1 });

const lossesOf = ({ outcome }: Awaited<ReturnType<typeof trainTiny>>): readonly number[] =>
  outcome.kind === 'finished'
    ? outcome.records.map((record) => ('loss' in record ? record.loss : record.evaluationLoss))
    : [];

/** L2, relative to what is wanted. */
function distance(got: readonly number[], wanted: readonly number[]): number {
  const norm = (values: readonly number[]): number =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  return norm(got.map((value, i) => value - (wanted[i] ?? Number.NaN))) / Math.max(1e-12, norm(wanted));
}

/** To compare numbers by: toEqual looks at each of them, which takes seconds. */
const digestsOf = (values: Values): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(values).map(([name, { data }]) => [
      name,
      createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex'),
    ]),
  );

const numbersOf = (value: HostValue | undefined): readonly number[] => Array.from(value?.data ?? [], Number);

/** Few tokens: they repeat. */
function rowsOf(seed: number, lengths: readonly number[]): readonly (readonly number[])[] {
  return lengths.map((length, row) =>
    Array.from({ length }, (_, i) => 2 + ((hashCombineOf(hashCombineOf(seed, row), i) >>> 0) % 40)),
  );
}
