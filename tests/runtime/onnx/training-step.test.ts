import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { mt5ParameterShapes } from '../../../src/ml/checkpoint/mt5-parameters.ts';
import { initialiseMt5 } from '../../../src/ml/model/initialise-mt5.ts';
import { dropoutFeeds, hashedDropout, rowKeys } from '../../../src/ml/model/mt5-dropout.ts';
import { labelFeeds, shiftRight, sourceFeeds, targetFeeds } from '../../../src/ml/model/mt5-feeds.ts';
import { trainingGraph } from '../../../src/ml/model/mt5-loss.ts';
import { plainTrace } from '../../../src/ml/model/mt5-trace.ts';
import { compile, type Program } from '../compile.ts';
import { openRuntime } from '../../../src/ml/runtime/open-runtime.ts';
import type { HostValue } from '../../../src/ml/runtime/runtime.ts';
import { hashCombineOf } from '../../../src/ml/tensor/ops/random.ts';
import { tinyConfig } from '../../model/tiny-model.ts';

/** Large enough that the engine spreads most ops over its threads. */
const config = { ...tinyConfig, vocabSize: 509, dModel: 96, dKv: 24, dFf: 160 };
const trace = { ...plainTrace(config), dropout: hashedDropout };
const { graph, lookups } = trainingGraph(trace, trace.parameters);

const rowsOf = (seed: number, lengths: readonly number[]): readonly (readonly number[])[] =>
  lengths.map((length, row) =>
    Array.from({ length }, (_, i) => 2 + ((hashCombineOf(hashCombineOf(seed, row), i) >>> 0) % 40)),
  ); // few tokens: they repeat
const source = rowsOf(1, [40, 12, 33, 39, 5, 28]);
const labels = rowsOf(2, [31, 50, 8, 44, 47, 3]);
const weights = initialiseMt5(config, 3);
const parameters = [...mt5ParameterShapes(config)].map(
  ([name, shape]) =>
    [name, { dtype: 'float32', shape, data: weights.get(name) ?? new Float32Array(0) }] as const,
);
const feeds: Readonly<Record<string, HostValue>> = {
  ...Object.fromEntries(parameters),
  ...sourceFeeds(source, config),
  ...targetFeeds(shiftRight(labels, config), config),
  ...labelFeeds(labels, 1 / labels.flat().length),
  ...dropoutFeeds(rowKeys(5, 1, 0, source.length), source, labels),
};

const digests = (outputs: Readonly<Record<string, HostValue>>): readonly string[] =>
  Object.entries(outputs).map(
    ([name, { data }]) =>
      `${name} ${createHash('sha256')
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest('hex')}`,
  );

describe('a whole training step, forward and backward, with dropout', () => {
  let one: Program;
  let two: Program;
  beforeAll(async () => {
    [one, two] = [
      await compile(await openRuntime('onnx', { threads: 1 }), graph),
      await compile(await openRuntime('onnx', { threads: 1 }), graph),
    ];
  });

  test('gives the same bytes on one thread and on two, run after run', async () => {
    const expected = digests(await one.run(feeds));
    expect(digests(await one.run(feeds))).toEqual(expected);
    for (let run = 0; run < 5; run += 1) expect(digests(await two.run(feeds))).toEqual(expected);
  });

  test('gives the same outputs again after a batch of another shape', async () => {
    const expected = digests(await two.run(feeds));
    const [shortSource, shortLabels] = [source.slice(0, 2), labels.slice(0, 2)];
    await two.run({
      ...feeds,
      ...sourceFeeds(shortSource, config),
      ...targetFeeds(shiftRight(shortLabels, config), config),
      ...labelFeeds(shortLabels, 1),
      ...dropoutFeeds(rowKeys(5, 2, 0, 2), shortSource, shortLabels),
    });
    expect(digests(await two.run(feeds))).toEqual(expected);
  });

  test('gives finite numbers, and rows for every lookup', async () => {
    const outputs = await one.run(feeds);
    expect(outputs['loss']?.shape).toEqual([]);
    expect(Object.values(outputs).every(({ data }) => Array.from(data, Number).every(Number.isFinite))).toBe(
      true,
    );
    for (const { output, indices } of lookups)
      expect(outputs[output]?.shape.slice(0, -1)).toEqual(feeds[indices]?.shape);
  });
});
