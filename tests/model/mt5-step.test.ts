import { expect, test } from 'vitest';
import { appended, type CacheSlots, continued, folded } from '../../src/ml/model/cache-slots.ts';
import { initialiseMt5 } from '../../src/ml/model/initialise-mt5.ts';
import { sourceFeeds, stepFeeds, targetFeeds } from '../../src/ml/model/mt5-feeds.ts';
import { sourceMask } from '../../src/ml/model/packed-rows.ts';
import type { Rows } from '../../src/ml/model/rows.ts';
import { decode, encode, logitsOf } from '../../src/ml/model/mt5-stack.ts';
import { crossGraph, decoderEntries, stepGraph } from '../../src/ml/model/mt5-step.ts';
import { plainTrace } from '../../src/ml/model/mt5-trace.ts';
import { compile } from '../runtime/compile.ts';
import { openRuntime } from '../../src/ml/runtime/open-runtime.ts';
import type { HostValue } from '../../src/ml/runtime/runtime.ts';
import { tinyConfig, weightValues } from './tiny-model.ts';

type Values = Readonly<Record<string, HostValue>>;

for (const tieWordEmbeddings of [false, true]) {
  const kind = tieWordEmbeddings ? 'tied' : 'own';
  test(`steps of reordered beams with a cache give the logits of the whole decoder (${kind} head)`, async () => {
    const config = { ...tinyConfig, tieWordEmbeddings, scaleDecoderOutputs: tieWordEmbeddings };
    const runtime = await openRuntime('onnx', { threads: 1 });
    const trace = plainTrace(config);
    const weights = weightValues(config, initialiseMt5(config, 1));
    const whole = await compile(runtime, {
      outputs: { logits: logitsOf(trace, decode(trace, encode(trace).last).last) },
    });
    const entries = decoderEntries(trace, 'logits');
    const cross = await compile(runtime, crossGraph(trace, encode(trace).last));
    const fold = await compile(runtime, { outputs: entries.fold.updates });
    const step = await compile(runtime, stepGraph(trace));
    const head = await compile(runtime, entries.scores);
    const source: Rows = [
      [5, 6, 7, 1],
      [9, 1],
    ];
    const beams = 3;
    const encoded = await cross.run({ ...weights, ...sourceFeeds(source, config) });

    let sequences: number[][] = Array.from({ length: source.length * beams }, () => [0]);
    let slots: CacheSlots = { past: 1, recent: 0, beams: sequences.map(() => []) };
    let cache = emptyCache(config, source.length);
    for (let past = 0; past < 7; past += 1) {
      const { 'step.states': states, ...longer } = await step.run({
        ...weights,
        ...encoded,
        ...cache,
        ...stepFeeds(slots, source.length, config),
        'cross.mask': sourceMask(source),
        ids: grid(
          sequences.map((row) => row.at(-1) ?? 0),
          beams,
        ),
      });
      slots = appended(slots, source.length);
      cache = longer;
      if (states === undefined) throw new Error('the step gave no states');
      const { scores } = await head.run({ ...weights, 'step.states': states });
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
      const parents = sequences.map((_, row) => Math.floor(row / beams) * beams + ((row * 2 + past) % beams));
      sequences = parents.map((parent, row) => [
        ...(sequences[parent] ?? []),
        2 + ((row * 7 + past * 3) % 20),
      ]);
      slots = continued(slots, Int32Array.from(parents));
      if (past % 3 === 2) {
        const { slots: left, places } = folded(slots, [0, 1], config.numHeads);
        const shape = [source.length, config.numHeads, left.past];
        cache = await fold.run({ ...cache, slots: { dtype: 'int32', shape, data: places } });
        slots = left;
      }
    }
  });
}

/** A slot that no beam sees. */
const emptyCache = ({ numDecoderLayers, numHeads, dKv }: typeof tinyConfig, sources: number): Values =>
  Object.fromEntries(
    Array.from({ length: numDecoderLayers }, (_, layer) =>
      ['key', 'value'].map((part) => {
        const shape = [sources, numHeads, 1, dKv];
        const data = new Float32Array(sources * numHeads * dKv).fill(7);
        return [`past.${layer}.${part}`, { dtype: 'float32', shape, data } as const];
      }),
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
