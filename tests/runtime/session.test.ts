import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/ml/autodiff/gradients.ts';
import { openDecoder } from '../../src/ml/generate/decoder.ts';
import { generate } from '../../src/ml/generate/generate.ts';
import { mostNeeded } from '../../src/ml/generate/selected-candidates.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import type { TrainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import type { OptimizerSettings } from '../../src/ml/runtime/optimizer.ts';
import type { HostValue, TrainingRuntime, TrainingSession, Values } from '../../src/ml/runtime/runtime.ts';
import { add, multiply, square, subtract } from '../../src/ml/tensor/ops/elementwise.ts';
import { gather } from '../../src/ml/tensor/ops/indexing.ts';
import { concat, reduceSum } from '../../src/ml/tensor/ops/layout.ts';
import { matmul } from '../../src/ml/tensor/ops/matmul.ts';
import { constant, input } from '../../src/ml/tensor/ops/source.ts';
import { plainOptions } from '../generate/plain-options.ts';
import { tinyConfig, weightValues } from '../model/tiny-model.ts';
import { openReferenceRuntime } from './reference-runtime.ts';
import { runtimes } from './runtimes.ts';

const reference = openReferenceRuntime();

describe.each([['the reference', async () => reference] as const, ...runtimes])(
  'a session of %s',
  (_, open) => {
    test('computes outputs and updates from the previous values of its variables', async () => {
      const [a, b] = [input('a', 'float32', [2]), input('b', 'float32', [2])];
      const runtime = await open();
      const session = await runtime.open({
        constants: { scale: real([2], 10, 100) },
        variables: { a: [2], b: [2] },
        entries: {
          set: { outputs: {}, updates: { a: input('x', 'float32', [2]), b: constant([5, 6]) } },
          swap: {
            outputs: { sum: add(a, b) },
            updates: { a: b, b: multiply(a, input('scale', 'float32', [2])) },
          },
          read: { outputs: { a, b } },
        },
      });
      await session.run('set', { x: real([2], 1, 2) });
      expect(await session.run('swap', {})).toEqual({ sum: real([2], 6, 8) });
      expect(await session.run('read', {})).toEqual({ a: real([2], 5, 6), b: real([2], 10, 200) });
      await session.run('swap', {});
      expect(await session.run('read', {})).toEqual({ a: real([2], 10, 200), b: real([2], 50, 600) });
      await session.release();
    });

    test('keeps variables whose sizes change, starting from none', async () => {
      const rows = input('rows', 'float32', ['past', 2]);
      const runtime = await open();
      const session = await runtime.open({
        variables: { rows: ['past', 2] },
        entries: {
          start: { outputs: {}, updates: { rows: constant([], [0, 2]) } },
          append: { outputs: {}, updates: { rows: concat([rows, input('row', 'float32', ['new', 2])], 0) } },
          pick: { outputs: {}, updates: { rows: gather(rows, input('kept', 'int32', ['kept'])) } },
          read: { outputs: { rows } },
        },
      });
      await session.run('start', {});
      await session.run('append', { row: real([1, 2], 1, 2) });
      await session.run('append', { row: real([2, 2], 3, 4, 5, 6) });
      await session.run('pick', { kept: { dtype: 'int32', shape: [2], data: Int32Array.of(2, 0) } });
      expect(await session.run('read', {})).toEqual({ rows: real([2, 2], 5, 6, 1, 2) });
      await session.run('start', {});
      expect(await session.run('read', {})).toEqual({ rows: real([0, 2]) });
      await session.release();
    });

    test('appends to a variable, and gives its elements as they were', async () => {
      const cache = input('cache', 'float32', ['rows', 'past', 2]);
      const longer = concat([cache, input('x', 'float32', ['rows', 'new', 2])], 1);
      const runtime = await open();
      const session = await runtime.open({
        variables: { cache: ['rows', 'past', 2] },
        entries: {
          start: { outputs: {}, updates: { cache: constant([], [2, 0, 2]) } },
          step: { outputs: { sum: reduceSum(longer, [1]) }, updates: { cache: longer } },
          read: { outputs: { cache } },
        },
      });
      for (let round = 0; round < 2; round += 1) {
        await session.run('start', {});
        await session.run('step', { x: real([2, 1, 2], 1, 2, 3, 4) });
        const { sum } = await session.run('step', { x: real([2, 2, 2], 5, 6, 7, 8, 9, 10, 11, 12) });
        expect(sum).toEqual(real([2, 2], 13, 16, 23, 26));
        expect(await session.run('read', {})).toEqual({
          cache: real([2, 3, 2], 1, 2, 5, 6, 7, 8, 3, 4, 9, 10, 11, 12),
        });
      }
      await session.release();
    });

    test('does not change its feeds, nor keep them', async () => {
      const runtime = await open();
      const session = await runtime.open({
        variables: { held: [16] },
        entries: {
          hold: { outputs: {}, updates: { held: input('x', 'float32', [16]) } },
          more: { outputs: {}, updates: { held: add(input('held', 'float32', [16]), 1) } },
          read: { outputs: { held: input('held', 'float32', [16]) } },
        },
      });
      const data = new Float32Array(new WebAssembly.Memory({ initial: 1 }).buffer, 0, 16).fill(3);
      await session.run('hold', { x: { dtype: 'float32', shape: [16], data } });
      data.fill(7);
      await session.run('more', {});
      expect([...new Set(numbersOf(await session.run('read', {})))]).toEqual([4]);
      expect([...new Set(data)]).toEqual([7]);
      await session.release();
    });

    test('reports a variable without a value', async () => {
      const runtime = await open();
      const session = await runtime.open({
        variables: { late: [1] },
        entries: { read: { outputs: { late: input('late', 'float32', [1]) } } },
      });
      await expect(session.run('read', {})).rejects.toThrow(/late/);
      await session.release();
    });
  },
);

describe.each(runtimes)('a training session of %s', (_, open) => {
  const optimizers: Readonly<Record<string, OptimizerSettings>> = {
    adamw: { name: 'adamw', beta1: 0.8, beta2: 0.95, epsilon: 1e-4 },
    adafactor: { name: 'adafactor' },
    'adafactor with a first moment': {
      name: 'adafactor',
      scaleParameter: false,
      beta1: 0.7,
      decayRate: -0.6,
    },
  };
  test.each(Object.entries(optimizers))(
    'makes the steps of the reference: %s, clipped and not, of one batch and of several',
    async (__, optimizer) => {
      const [ours, expected] = [await opened(await open(), optimizer), await opened(reference, optimizer)];
      const steps = [
        { microBatches: [batch(1, 3)], maxGradientNorm: null },
        { microBatches: [batch(2, 2), batch(3, 4), batch(4, 1)], maxGradientNorm: 0.5 },
        { microBatches: [batch(5, 4), batch(6, 4)], maxGradientNorm: 1e6 },
        { microBatches: [batch(7, 2)], maxGradientNorm: 0.1 },
      ];
      for (const [index, { microBatches, maxGradientNorm }] of steps.entries()) {
        const update = { step: index + 1, learningRate: 0.05 / (index + 1), maxGradientNorm };
        const [got, wanted] = [
          await ours.step(microBatches, update),
          await expected.step(microBatches, update),
        ];
        expectNear([got.loss, got.gradientNorm], [wanted.loss, wanted.gradientNorm], 2e-5);
        const feeds = batch(9, 2);
        expectNear(
          numbersOf(await ours.run('predict', feeds)),
          numbersOf(await expected.run('predict', feeds)),
          1e-4,
        );
      }
      expect(ours.memory).toEqual(expected.memory);
      const names = [...trained.keys(), ...ours.memory.keys()];
      const [got, wanted] = [await ours.read(names), await expected.read(names)];
      for (const name of names)
        expectNear(numbersOf({ [name]: got[name] }), numbersOf({ [name]: wanted[name] }), 1e-4);
      await ours.release();
    },
  );

  test('clips by the norm over all rows that were looked up, also of a table of many', async () => {
    const rows = 9000;
    const [table, ids] = [input('table', 'float32', [rows, 1]), input('ids', 'int32', ['n'])];
    const [row, weight] = [gather(table, ids), input('weight', 'float32', ['n', 1])];
    const loss = reduceSum(multiply(row, weight));
    const [ofRow = loss] = gradients(loss, [row]);
    const session = await (
      await open()
    ).openTraining({
      entries: {},
      training: {
        graph: {
          graph: { outputs: { loss, rows: ofRow ?? loss } },
          dense: [],
          lookups: [{ parameter: 'table', output: 'rows', indices: 'ids' }],
        },
        trained: new Map([['table', [rows, 1]]]),
        optimizer: { name: 'adamw' },
        weightDecayOf: () => 0,
        accumulation: 1,
      },
    });
    const feeds = {
      ids: { dtype: 'int32', shape: [rows], data: Int32Array.from(Array(rows).keys()) },
      weight: real([rows, 1], ...Array<number>(rows).fill(2)),
    } as const;
    const update = { step: 1, learningRate: 0.1, maxGradientNorm: 1 };
    expectNear([(await session.step([feeds], update)).gradientNorm], [2 * Math.sqrt(rows)], 1e-7);
    await session.release();
  });

  test('continues from saved values with the same bits', async () => {
    const optimizer = { name: 'adamw' } as const;
    const whole = await opened(await open(), optimizer);
    const update = (step: number) => ({ step, learningRate: 0.05, maxGradientNorm: 1 });
    await whole.step([batch(1, 3)], update(1));
    const names = [...trained.keys(), ...whole.memory.keys()];
    const kept = copied(await whole.read(names));
    const rest = await opened(await open(), optimizer);
    await filled(rest, names, kept);
    for (const session of [whole, rest]) await session.step([batch(2, 3), batch(3, 2)], update(2));
    expect(copied(await rest.read(names))).toEqual(copied(await whole.read(names)));
    await whole.release();
    await rest.release();
  });

  test('changes nothing by a step that is not finite', async () => {
    const session = await opened(await open(), { name: 'adamw' });
    const names = [...trained.keys(), ...session.memory.keys()];
    await session.step([batch(1, 3)], { step: 1, learningRate: 0.1, maxGradientNorm: 1 });
    const before = copied(await session.read(names));
    const spoiled = { ...batch(2, 3), y: real([3, 2], 1, 2, Number.NaN, 4, 5, 6) };
    const { loss } = await session.step([batch(3, 2), spoiled], {
      step: 2,
      learningRate: 0.1,
      maxGradientNorm: 1,
    });
    expect(loss).toBeNaN();
    expect(copied(await session.read(names))).toEqual(before);
    await session.release();
  });

  test('fills variables until one fails', async () => {
    const session = await opened(await open(), { name: 'adamw' });
    const asked: string[] = [];
    const result = await session.assign(['w', 'first.w', 'b'], async (name, into) => {
      asked.push(`${name} ${into.length}`);
      into.fill(asked.length);
      return name === 'first.w' ? { ok: false, error: 'no such file' } : { ok: true, value: undefined };
    });
    expect(result).toEqual({ ok: false, error: 'no such file' });
    expect(asked).toContain('w 6');
    expect(asked.at(-1)).toBe('first.w 6');
    await session.release();
  });

  test('names in their order the variables that are best read together, each once', async () => {
    const session = await opened(await open(), { name: 'adamw' });
    const names = [...session.memory.keys()].toSorted();
    const read: string[] = [];
    for (const name of names) if (!read.includes(name)) read.push(...session.readWith(name));
    expect(read).toEqual(names);
    expect([...session.memory.values()].reduce((sum, length) => sum + length, 0)).toBe(
      Object.values(await session.read(names)).reduce((sum, { data }) => sum + data.length, 0),
    );
    await session.release();
  });
});

describe.each(runtimes)('generation on %s', (_, open) => {
  test.each([
    ['greedily', { kind: 'greedy' }, 'logits'],
    [
      'by beams',
      { kind: 'beam', beams: 3, earlyStopping: true, lengthPenalty: 1, returned: 2 },
      'logProbabilities',
    ],
    ['by sampling', { kind: 'sample', seed: 3, temperature: 0.8, topK: 7, topP: 0.9 }, 'logits'],
  ] as const)('gives the tokens of the reference, %s', async (__, search, scores) => {
    const weights = weightValues(tinyConfig, initialiseMt5(tinyConfig, 11));
    const options = { ...plainOptions, maxLength: 7, search };
    const needed = mostNeeded([options]);
    const found = [];
    for (const runtime of [await open(), reference]) {
      const decoder = await openDecoder(runtime, plainTrace(tinyConfig), weights, scores, needed);
      const request = {
        sources: [
          [5, 6, 7, 1],
          [9, 1],
          [12, 3, 1],
        ],
        options,
        batch: 2,
      };
      found.push(
        (await generate(decoder, request)).map((sequences) => sequences.map(({ tokens }) => tokens)),
      );
      await decoder.release();
    }
    expect(found[0]).toEqual(found[1]);
  });
});

/** A table that is looked up twice, with repeated rows, and a linear layer. */
const trained: ReadonlyMap<string, readonly number[]> = new Map([
  ['table', [4, 3]],
  ['w', [3, 2]],
  ['b', [2]],
]);

function regression(): TrainingGraph {
  const parameter = (name: string) => input(name, 'float32', trained.get(name) ?? []);
  const lookups = ['ids', 'others'].map((indices) =>
    gather(parameter('table'), input(indices, 'int32', ['n'])),
  );
  const [first = constant(0), second = constant(0)] = lookups;
  const [w, b] = [parameter('w'), parameter('b')];
  const predicted = add(matmul(add(first, multiply(second, input('scale', 'float32', [3]))), w), b);
  const loss = reduceSum(
    multiply(square(subtract(predicted, input('y', 'float32', ['n', 2]))), input('weight', 'float32', [])),
  );
  const [ofFirst, ofSecond, ofW, ofB] = gradients(loss, [first, second, w, b]).map(
    (node) => node ?? constant(0),
  );
  return {
    graph: {
      outputs: {
        loss,
        rows0: ofFirst ?? loss,
        rows1: ofSecond ?? loss,
        'gradient.w': ofW ?? loss,
        'gradient.b': ofB ?? loss,
      },
    },
    dense: ['w', 'b'],
    lookups: [
      { parameter: 'table', output: 'rows0', indices: 'ids' },
      { parameter: 'table', output: 'rows1', indices: 'others' },
    ],
  };
}

async function opened(
  runtime: TrainingRuntime,
  optimizer: OptimizerSettings,
): Promise<TrainingSession<'predict'>> {
  const [table, w] = [input('table', 'float32', [4, 3]), input('w', 'float32', [3, 2])];
  const session = await runtime.openTraining({
    constants: { scale: real([3], 0.5, -1, 2) },
    entries: { predict: { outputs: { predicted: matmul(gather(table, input('ids', 'int32', ['n'])), w) } } },
    training: {
      graph: regression(),
      trained,
      optimizer,
      weightDecayOf: (name) => (name === 'b' ? 0 : 0.1),
      accumulation: 3,
    },
  });
  await filled(
    session,
    trained.keys(),
    Object.fromEntries([...trained].map(([name, shape], seed) => [name, noise(shape, seed + 20)])),
  );
  return session;
}

async function filled(session: TrainingSession, names: Iterable<string>, values: Values): Promise<void> {
  await session.assign(names, async (name, into) => {
    into.set(numbersOf({ [name]: values[name] }));
    return { ok: true, value: undefined };
  });
}

function batch(seed: number, rows: number): Values {
  const ids = (of: number): HostValue => ({
    dtype: 'int32',
    shape: [rows],
    data: Int32Array.from({ length: rows }, (_, row) => (row * row + of) % 3),
  });
  return { ids: ids(seed), others: ids(seed + 1), y: noise([rows, 2], seed), weight: real([], 1 / rows) };
}

function noise(shape: readonly number[], seed: number): HostValue {
  const length = shape.reduce((product, size) => product * size, 1);
  return real(shape, ...Array.from({ length }, (_, i) => Math.sin(seed * 12.9898 + i * 78.233)));
}

const real = (shape: readonly number[], ...values: readonly number[]): HostValue => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

const numbersOf = (values: Readonly<Record<string, HostValue | undefined>>): readonly number[] =>
  Object.values(values).flatMap((value) => Array.from(value?.data ?? [], Number));

const copied = (values: Values): Values =>
  Object.fromEntries(
    Object.entries(values).map(([name, { shape, data }]) => [name, real(shape, ...Array.from(data, Number))]),
  );

/** Relative to the largest number. */
function expectNear(got: readonly number[], wanted: readonly number[], share: number): void {
  const most = Math.max(1e-6, ...wanted.map(Math.abs));
  expect(got).toHaveLength(wanted.length);
  got.forEach((value, i) => expect(Math.abs(value - (wanted[i] ?? Number.NaN)) / most).toBeLessThan(share));
}
