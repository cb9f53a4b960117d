import { expect, test } from 'vitest';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { sourceFeeds, stepFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { sourceMask } from '../../src/ml/model/packed-rows.ts';
import type { Rows } from '../../src/ml/model/rows.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { crossGraph, stepGraph } from '../../src/ml/model/mt5-step.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { compile } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import { tinyConfig, weightValues } from './tiny-model.ts';

type Values = Readonly<Record<string, HostValue>>;

for (const tieWordEmbeddings of [false, true]) {
  test(`steps with a cache give the logits of the whole decoder, through reordered beams (${tieWordEmbeddings ? 'tied' : 'own'} head)`, async () => {
    const config = { ...tinyConfig, tieWordEmbeddings, scaleDecoderOutputs: tieWordEmbeddings };
    const runtime = await openRuntime('onnx', { threads: 1 });
    const trace = plainTrace(config);
    const weights = weightValues(config, initialiseMt5(config, 1));
    const whole = await compile(runtime, {
      outputs: { logits: logitsOf(trace, decode(trace, encode(trace).last).last) },
    });
    const cross = await compile(runtime, crossGraph(trace, encode(trace).last));
    const step = await compile(runtime, stepGraph(trace, 'logits'));
    const source: Rows = [
      [5, 6, 7, 1],
      [9, 1],
    ];
    const beams = 3;
    const encoded = await cross.run({ ...weights, ...sourceFeeds(source, config) });

    let sequences: number[][] = Array.from({ length: source.length * beams }, () => [0]);
    let parents = sequences.map((_, row) => row);
    let cache: Values = emptyCache(config, sequences.length);
    for (let past = 0; past < 7; past += 1) {
      const { scores, ...caches } = await step.run({
        ...weights,
        ...encoded,
        ...cache,
        ...stepFeeds(past, config),
        'cross.mask': sourceMask(source),
        ids: grid(
          sequences.map((row) => row.at(-1) ?? 0),
          beams,
        ),
        parents: grid(parents, beams),
      });
      const expected = await whole.run({
        ...weights,
        ...sourceFeeds(
          source.flatMap((row) => Array.from({ length: beams }, () => row)),
          config,
        ),
        ...targetFeeds(sequences, config),
      });
      const last = sequences.flatMap((_, row) =>
        rowOf(expected['logits'], row * (past + 1) + past, config.vocabSize),
      );
      expect(worst(Array.from(scores?.data ?? [], Number), last)).toBeLessThan(1e-5);

      // The next step continues other beams than those in its places, each with another token.
      parents = sequences.map((_, row) => Math.floor(row / beams) * beams + ((row * 2 + past) % beams));
      sequences = parents.map((parent, row) => [
        ...(sequences[parent] ?? []),
        2 + ((row * 7 + past * 3) % 20),
      ]);
      cache = caches;
    }
  });
}

const emptyCache = ({ numDecoderLayers, numHeads, dKv }: typeof tinyConfig, rows: number): Values =>
  Object.fromEntries(
    Array.from({ length: numDecoderLayers }, (_, layer) =>
      ['key', 'value'].map(
        (part) =>
          [
            `self.${layer}.${part}`,
            { dtype: 'float32', shape: [rows, numHeads, 0, dKv], data: new Float32Array(0) },
          ] as const,
      ),
    ).flat(),
  );

const grid = (values: readonly number[], beams: number): HostValue => ({
  dtype: 'int32',
  shape: [values.length / beams, beams],
  data: Int32Array.from(values),
});

const rowOf = (value: HostValue | undefined, row: number, width: number): readonly number[] =>
  Array.from(value?.data ?? [], Number).slice(row * width, (row + 1) * width);

const worst = (ours: readonly number[], theirs: readonly number[]): number =>
  ours.length === theirs.length
    ? Math.max(...ours.map((value, index) => Math.abs(value - (theirs[index] ?? Number.NaN))))
    : Infinity;
