import { beforeAll, describe, expect, test } from 'vitest';
import { elementCount } from '../../src/ml/element-count.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { dropoutFeeds, hashedDropout, rowKeys } from '../../src/ml/model/mt5-dropout.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { blocksOfHead, type HeadBlocks } from '../../src/ml/model/head-blocks.ts';
import { lossGraph, trainingGraph } from '../../src/ml/model/mt5-loss.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { groupByLength, rowGroups } from '../../src/ml/model/row-groups.ts';
import { longest } from '../../src/ml/model/packed-rows.ts';
import type { Rows } from '../../src/ml/model/rows.ts';
import { emitOnnx } from '../../src/ml/runtime/onnx/emit-onnx.ts';
import { compile, type Program } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { HostValue, Runtime } from '../../src/ml/runtime/runtime.ts';
import type { Graph } from '../../src/ml/tensor/node.ts';
import { inputsFirst } from '../../src/ml/tensor/walk.ts';
import { simplify } from '../../src/ml/tensor/simplify.ts';
import { ignoredLabel } from '../../src/ml/tensor/ops/loss.ts';
import { drawOf, hashCombineOf, keepMaskOf, keepMaskOfHalf } from '../../src/ml/tensor/ops/random.ts';
import { input } from '../../src/ml/tensor/ops/source.ts';
import { hashOfText, normalValues } from '../../src/ml/model/random-values.ts';
import { loraShapes, loraTrace } from '../../src/ml/model/lora.ts';
import { loraTargets } from '../../src/ml/model/lora-targets.ts';
import { adapter } from '../train/tiny-training.ts';
import { oneLayerConfig, tinyConfig, weightValues } from './tiny-model.ts';
import { shareCompiledModels } from '../runtime/share-compiled-models.ts';

shareCompiledModels();

const weights = weightValues(tinyConfig, initialiseMt5(tinyConfig, 3));
const source: Rows = [
  [5, 6, 7, 8, 1],
  [9, 1],
  [4, 4, 3, 1],
];
const target: Rows = [
  [3, 1],
  [11, 12, 13, 14, 15, 1],
  [8, 1],
];
const withIgnored = target.map((row, index) => row.map((id, place) => (index === place ? ignoredLabel : id)));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openRuntime('onnx', { threads: 1 });
});

const onnx = { runtime: 'onnx', device: 'cpu', savesMemory: false } as const;
const gpu = { runtime: 'tensorflow', device: 'cuda', savesMemory: false } as const;

test('a head has blocks of 1,024 words on onnx, larger ones where they would be more than 64', () => {
  expect(blocksOfHead(256, 32_128, onnx)).toEqual({ count: 32, recompute: false });
  expect(blocksOfHead(256, 250_112, onnx)).toEqual({ count: 64, recompute: false });
  expect(blocksOfHead(256, 8191, onnx)).toBeUndefined();
  expect(blocksOfHead(2 ** 15, 250_112, onnx)).toEqual({ count: 123, recompute: true });
});

test('a head is computed again on a GPU only where layers are', () => {
  expect(blocksOfHead(2048, 250_112, gpu)).toEqual({ count: 8, recompute: false });
  expect(blocksOfHead(2048, 250_112, { ...gpu, savesMemory: true })).toEqual({ count: 8, recompute: true });
  expect(blocksOfHead(2048, 250_112, { ...gpu, device: 'cpu' })).toEqual({ count: 8, recompute: true });
});

describe('the loss', () => {
  test('with label smoothing mixes hard and uniform labels as LabelSmoother does', async () => {
    const trace = plainTrace(tinyConfig);
    const program = await compile(runtime, {
      outputs: {
        ...lossGraph(trace, { labelSmoothing: 0.1 }).outputs,
        logits: logitsOf(trace, decode(trace, encode(trace).last).last),
      },
    });
    const { loss, logits } = await program.run(batchFeeds([0, 1, 2]));
    const labels = target.flat();
    const rows = labels.map((label, token) => {
      const scores = Array.from(logits?.data ?? [], Number).slice(
        token * tinyConfig.vocabSize,
        (token + 1) * tinyConfig.vocabSize,
      );
      const total = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
      return {
        hard: total - (scores[label] ?? Number.NaN),
        even: scores.reduce((sum, score) => sum + total - score, 0) / scores.length,
      };
    });
    const expected = rows.reduce((sum, { hard, even }) => sum + 0.9 * hard + 0.1 * even, 0) / rows.length;
    expect(Number(loss?.data[0])).toBeCloseTo(expected, 5);
  });

  test('and its gradients over a batch are sums over rows, whatever their padding and order', async () => {
    const graph = trainingGraph(
      { ...plainTrace(tinyConfig), dropout: hashedDropout },
      plainTrace(tinyConfig).parameters,
    );
    const program = await compile(runtime, graph.graph);
    const whole = await totals(program, [[0, 1, 2]]);
    for (const parts of [
      [[0], [1], [2]],
      [[2, 0], [1]],
    ]) {
      const sum = await totals(program, parts);
      for (const [name, value] of whole)
        expect(Math.abs((sum.get(name) ?? Number.NaN) - value), name).toBeLessThan(
          1e-4 * Math.max(1, Math.abs(value)),
        );
    }
  });

  test.each([
    ['two groups, one of two rows', { groups: 2 }, {}],
    ['a group for each row, and layers computed again', { groups: 3 }, { gradientCheckpointing: true }],
    ['more groups than rows', { groups: 5 }, {}],
    ['single rows', { groups: 3, singleRows: true }, {}],
    ['single rows, fewer than groups', { groups: 5, singleRows: true }, { gradientCheckpointing: true }],
  ])('and its gradients are the same where attention is computed by %s', async (_, grouping, options) => {
    const [whole, grouped] = [await ungrouped(), await sumsBy(grouping, options)];
    expect([...grouped.keys()].sort()).toEqual([...whole.keys()].sort());
    for (const [name, values] of whole) {
      const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
      const found = grouped.get(name);
      const differences = values.map((value, index) => Math.abs(value - (found?.[index] ?? Number.NaN)));
      expect(Math.max(...differences), name).toBeLessThanOrEqual(2e-6 * most);
    }
  });

  test('has the same gradients with gradient checkpointing, with dropout', async () => {
    const config = { ...tinyConfig, numDecoderLayers: 2 };
    const targets = loraTargets({ ...adapter, bias: 'all', modulesToSave: ['final_layer_norm'] }, config);
    if (!targets.ok) throw new Error(targets.error);
    const lora = loraTrace(config, targets.value, 0.2, hashedDropout);
    const extra = adapterValues(targets.value, config);
    const full = { ...plainTrace(config), dropout: hashedDropout };
    for (const [trace, trainable] of [
      [full, full.parameters],
      [lora, lora.trainable],
    ] as const) {
      const [kept = {}, again = {}] = await Promise.all(
        [false, true].map(async (gradientCheckpointing) =>
          (await compile(runtime, trainingGraph(trace, trainable, { gradientCheckpointing }).graph)).run({
            ...batchFeeds([0, 1, 2]),
            ...extra,
          }),
        ),
      );
      expectSame(again, kept);
    }
  });

  test.each([
    ['a tied head', false, false],
    ['an adapter of the head', true, false],
    ['an adapter of the head and layers computed again', true, true],
  ])(
    'and its gradients are the same where the head is computed by 2, 4 and 23 blocks: %s',
    async (_, hasAdapter, gradientCheckpointing) => {
      const targets = loraTargets(
        { ...adapter, loraDropout: 0.2, targetModules: ['q', 'lm_head'] },
        oneLayerConfig,
      );
      if (!targets.ok) throw new Error(targets.error);
      const lora = loraTrace(oneLayerConfig, targets.value, 0.2, hashedDropout);
      const extra = adapterValues(targets.value, oneLayerConfig);
      const tied = {
        ...plainTrace({ ...oneLayerConfig, tieWordEmbeddings: true, scaleDecoderOutputs: true }),
        dropout: hashedDropout,
      };
      const [trace, trainable] = hasAdapter ? [lora, lora.trainable] : [tied, tied.parameters];
      const options = { labelSmoothing: 0.1, gradientCheckpointing };
      const feeds = { ...batchFeeds([0, 1, 2]), ...extra };
      const run = async (blocks?: HeadBlocks): Promise<Readonly<Record<string, HostValue>>> => {
        const trained = trainingGraph(trace, trainable, { ...options, headBlocks: blocks }).graph;
        const evaluated = Object.entries(lossGraph(trace, { labelSmoothing: 0.1, blocks }).outputs);
        const outputs = {
          ...trained.outputs,
          ...Object.fromEntries(evaluated.map(([name, node]) => [`evaluated.${name}`, node])),
        };
        return (await compile(runtime, { outputs })).run(feeds);
      };
      const whole = await run();
      for (const [count, recompute] of [
        [2, false],
        [4, true],
        [23, false],
      ] as const)
        expectSame(await run({ count, recompute }), whole);
    },
  );

  test('and its gradients ignore labels of -100, by blocks too', async () => {
    const trace = plainTrace(oneLayerConfig);
    const feeds = { ...batchFeeds([0, 1, 2]), ...labelFeeds(withIgnored, 0.25) };
    const run = async (headBlocks?: HeadBlocks): Promise<Readonly<Record<string, HostValue>>> =>
      (await compile(runtime, trainingGraph(trace, trace.parameters, { headBlocks }).graph)).run(feeds);
    const whole = await run();
    for (const recompute of [false, true]) expectSame(await run({ count: 3, recompute }), whole);
    const { outputs } = lossGraph(trace, { blocks: { count: 3, recompute: true } });
    const { exact } = await (await compile(runtime, { outputs })).run(feeds);
    withIgnored
      .flat()
      .forEach((label, token) => expect(exact?.data[token] === 0).toBe(label === ignoredLabel));
  });

  test('never keeps the scores of two blocks that are computed again', () => {
    const trace = plainTrace(tinyConfig);
    const { outputs } = trainingGraph(trace, trace.parameters, {
      headBlocks: { count: 3, recompute: true },
    }).graph;
    const gradientsOfScores = inputsFirst(Object.values(outputs)).filter(
      ({ op }) => op === 'SubtractAtLabels',
    );
    expect(gradientsOfScores).toHaveLength(3);
    gradientsOfScores
      .slice(1)
      .forEach((each, index) => expect(inputsFirst([each])).toContain(gradientsOfScores[index]));
  });

  test('keeps the scores of no block where it is only evaluated', () => {
    const { outputs } = lossGraph(plainTrace(tinyConfig), { blocks: { count: 3, recompute: true } });
    const ofLabels = inputsFirst(Object.values(outputs)).filter(({ op }) => op === 'LabelScores');
    expect(ofLabels).toHaveLength(3);
    ofLabels.slice(1).forEach((each, index) => expect(inputsFirst([each])).toContain(ofLabels[index]));
  });

  test('is really recomputed: the engine does not merge the recomputation with the original', () => {
    const trace = { ...plainTrace(tinyConfig), dropout: hashedDropout };
    const [kept, again] = [
      trainingGraph(trace, trace.parameters).graph,
      trainingGraph(trace, trace.parameters, { gradientCheckpointing: true }).graph,
    ];
    const stacks = { outputs: { hidden: decode(trace, encode(trace).last).last } };
    for (const operator of ['Softmax', 'SimplifiedLayerNormalization'])
      expect(count(again, operator) - count(kept, operator), operator).toBe(count(stacks, operator));
  });

  test('changes with the seed, the step and the index in the step', async () => {
    const trace = { ...plainTrace(oneLayerConfig), dropout: hashedDropout };
    const program = await compile(runtime, lossGraph(trace));
    const lossWith = async (keys: readonly number[]): Promise<number> =>
      Number(
        (await program.run({ ...batchFeeds([0, 1, 2]), ...dropoutFeeds(keys, source, target) }))['loss']
          ?.data[0],
      );
    const keys = [
      rowKeys(1, 0, 0, 3),
      rowKeys(2, 0, 0, 3),
      rowKeys(1, 1, 0, 3),
      rowKeys(1, 0, 3, 3),
      rowKeys(2 ** 32 + 1, 0, 0, 3),
    ];
    const losses = await Promise.all(keys.map(lossWith));
    expect(new Set(losses).size).toBe(keys.length);
    expect(await lossWith(rowKeys(1, 0, 0, 3))).toBe(losses[0]);
  });
});

test('token dropout is the hash that TypeScript computes, with the requested share', async () => {
  const [width, rate] = [400, 0.3];
  const site = { name: 'somewhere#0', rate, rows: { kind: 'tokens', side: 'source' } } as const;
  const program = await compile(runtime, {
    outputs: { kept: hashedDropout(input('x', 'float32', ['sourceTokens', width]), site) },
  });
  const keys = rowKeys(5, 7, 0, 3);
  const tokens = source.flatMap((row, index) =>
    row.map((_, position) => hashCombineOf(keys[index] ?? 0, position)),
  );
  const { kept } = await program.run({
    x: {
      dtype: 'float32',
      shape: [tokens.length, width],
      data: new Float32Array(tokens.length * width).fill(1),
    },
    ...dropoutFeeds(keys, source, target),
  });
  const expected = tokens.flatMap((token) =>
    Array.from({ length: width }, (_, column) => {
      const bits = drawOf(
        hashCombineOf(token, hashOfText(site.name)),
        hashCombineOf(columnSalt, column % (width / 2)),
      );
      return keepMaskOfHalf(bits, column < width / 2 ? 'upper' : 'lower', rate);
    }),
  );
  expect(Array.from(kept?.data ?? [], Number)).toEqual(expected);
  expect(expected.filter((factor) => factor > 0).length / expected.length).toBeCloseTo(1 - rate, 1);
});

test.each([
  ['an even number of heads, two to a draw', 4],
  ['an odd number of heads, one to a draw', 3],
])('attention dropout is the hash that TypeScript computes: %s', async (_, heads) => {
  const rate = 0.3;
  const rows = { kind: 'attention', query: 'target', key: 'source', group: rowGroups(1)[0] } as const;
  const site = { name: 'somewhere#0', rate, rows };
  const program = await compile(runtime, {
    outputs: { kept: hashedDropout(input('x', 'float32', ['batch', heads, 'target', 'source']), site) },
  });
  const keys = rowKeys(5, 7, 0, 3);
  const [queries, places] = [longest(target), longest(source)];
  const shape = [3, heads, queries, places];
  const data = new Float32Array(3 * heads * queries * places).fill(1);
  const { kept } = await program.run({
    x: { dtype: 'float32', shape, data },
    ...dropoutFeeds(keys, source, target),
  });
  const draws = heads % 2 === 0 ? heads / 2 : heads;
  const expected = keys.flatMap((key) =>
    Array.from({ length: heads }, (__, head) =>
      Array.from({ length: queries }, (___, query) =>
        Array.from({ length: places }, (____, place) => {
          const row = [hashOfText(site.name), head % draws, query].reduce(hashCombineOf, key);
          const bits = drawOf(row, hashCombineOf(columnSalt, place));
          return heads === draws
            ? keepMaskOf(bits, rate)
            : keepMaskOfHalf(bits, head < draws ? 'upper' : 'lower', rate);
        }),
      ),
    ),
  );
  expect(Array.from(kept?.data ?? [], Number)).toEqual(expected.flat(3));
});

const columnSalt = 0x636f6c73;

interface Grouping {
  readonly groups: number;
  readonly singleRows?: boolean;
}

/** Every output by its name, and the gradient of each table that rows are looked up in. */
async function sumsBy(
  grouping: Grouping,
  options: { readonly gradientCheckpointing?: boolean } = {},
): Promise<ReadonlyMap<string, Float64Array>> {
  const trace = { ...plainTrace(oneLayerConfig), dropout: hashedDropout, ...grouping };
  const { graph, lookups } = trainingGraph(trace, trace.parameters, options);
  const feeds = batchFeeds([0, 1, 2], grouping.groups);
  const outputs = await (await compile(runtime, graph)).run(feeds);
  const sums = new Map(
    Object.entries(outputs).flatMap(([name, { data }]) =>
      name.startsWith('rows.') ? [] : [[name, Float64Array.from(data, Number)]],
    ),
  );
  for (const { parameter, output, indices } of lookups) {
    const [rows, places] = [outputs[output]?.data ?? [], feeds[indices]?.data ?? []];
    const width = rows.length / places.length;
    const table = sums.get(`table.${parameter}`) ?? new Float64Array(weights[parameter]?.data.length ?? 0);
    places.forEach((place: number | bigint, row: number) => {
      for (let column = 0; column < width; column += 1)
        table[Number(place) * width + column] =
          (table[Number(place) * width + column] ?? 0) + Number(rows[row * width + column]);
    });
    sums.set(`table.${parameter}`, table);
  }
  return sums;
}

let withoutGroups: Promise<ReadonlyMap<string, Float64Array>> | undefined;
/** Random values of what an adapter adds to the model. */
const adapterValues = (...adapted: Parameters<typeof loraShapes>): Readonly<Record<string, HostValue>> =>
  Object.fromEntries(
    [...loraShapes(...adapted)]
      .filter(([name]) => !(name in weights))
      .map(([name, shape]) => {
        const data = normalValues(elementCount(shape), 0.3, 1, name);
        return [name, { dtype: 'float32', shape, data }];
      }),
  );

const ungrouped = (): Promise<ReadonlyMap<string, Float64Array>> => (withoutGroups ??= sumsBy({ groups: 1 }));

/** The same outputs, to the rounding of their largest elements. */
function expectSame(
  outputs: Readonly<Record<string, HostValue>>,
  expected: Readonly<Record<string, HostValue>>,
): void {
  expect(Object.keys(outputs)).toEqual(Object.keys(expected));
  for (const [name, { data }] of Object.entries(expected)) {
    const [ours, theirs] = [outputs[name]?.data ?? [], data].map((values) => Array.from(values, Number));
    const largest = Math.max(...(theirs ?? []).map(Math.abs));
    expect(
      Math.max(...(ours ?? []).map((value, index) => Math.abs(value - (theirs?.[index] ?? Number.NaN)))),
      name,
    ).toBeLessThanOrEqual(2e-6 * Math.max(largest, 1e-3));
  }
}

/** How many operators of a kind the engine is given. */
const count = (graph: Graph, operator: string): number =>
  emitOnnx(simplify(graph)).graph.nodes.filter((node) => node.operator === operator).length;

/** The rows of one batch, each with the key that it has in the step; the loss is a sum, not a mean. */
function batchFeeds(rows: readonly number[], groupCount = 1): Readonly<Record<string, HostValue>> {
  const [sources, targets] = [rows.map((row) => source[row] ?? []), rows.map((row) => target[row] ?? [])];
  const groups = groupByLength(sources, targets, groupCount);
  const keys = rowKeys(1, 0, 0, 3);
  return {
    ...weights,
    ...sourceFeeds(sources, tinyConfig, groups),
    ...targetFeeds(shiftRight(targets, tinyConfig), tinyConfig, groups),
    ...labelFeeds(targets, 1 / target.flat().length),
    ...dropoutFeeds(
      rows.map((row) => keys[row] ?? 0),
      sources,
      targets,
      groups,
    ),
  };
}

/**
 * The loss and, for every output, a sum over its elements weighted by place, which differs where a gradient
 * does.
 */
async function totals(
  program: Program,
  parts: readonly (readonly number[])[],
): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const rows of parts) {
    for (const [name, value] of Object.entries(await program.run(batchFeeds(rows)))) {
      if (name.startsWith('rows.')) continue;
      const weighted = Array.from(value.data, Number).reduce(
        (sum, each, index) => sum + each * (1 + (index % 7)),
        0,
      );
      sums.set(name, (sums.get(name) ?? 0) + weighted);
    }
  }
  return sums;
}
